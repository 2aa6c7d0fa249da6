/** What a verb's command line looks like: one table of options, from which parsing and `--help` are made. */
import { parseArgs } from "node:util";
import { visible } from "../compiler/text/visible.js";
import { UsageError } from "./failures.js";

export interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: boolean;
  readonly short?: string;
  readonly default?: string;
  /** What `--help` calls its value: `DIRECTORY`. */
  readonly value?: string;
  readonly description: string;
}

export type Options = Readonly<Record<string, Option>>;

/** The values that an option table takes: a string, strings or `true`, undefined where an option without default is not given. */
export type Values<T extends Options> = {
  readonly [K in keyof T]: T[K] extends { type: "boolean" }
    ? boolean | undefined
    : T[K] extends { multiple: true }
      ? readonly string[] | undefined
      : T[K] extends { default: string }
        ? string
        : string | undefined;
};

export interface Verb<T extends Options = Options> {
  readonly name: string;
  /** What follows the verb in the usage line. */
  readonly operands: string;
  readonly description: string;
  readonly options: T;
  readonly examples: readonly string[];
  /** Returns the exit code. */
  readonly run: (values: Values<T>, operands: readonly string[]) => Promise<number> | number;
}

/** A verb whose options are known only to itself. */
export interface AnyVerb {
  readonly help: string;
  readonly run: (args: readonly string[]) => Promise<number> | number;
}

export function defineVerb<const T extends Options>(verb: Verb<T>): AnyVerb {
  return {
    help: helpText(verb),
    run: (args) => {
      const { values, positionals } = parse(verb.options, args);
      return verb.run(values as Values<T>, positionals);
    },
  };
}

function parse(options: Options, args: readonly string[]): { values: object; positionals: string[] } {
  const config = Object.fromEntries(
    Object.entries(options).map(([name, { type, multiple, short, default: standard }]) => [
      name,
      { type, ...(multiple && { multiple }), ...(short && { short }), ...(standard !== undefined && { default: standard }) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options: config, allowPositionals: true });
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS")) throw error;
    throw new UsageError(visible((error as Error).message));
  }
}

/** @throws UsageError unless `text` is a decimal number within the limits */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`\`--${option}\` takes a whole number from ${least} to ${most}, not \`${visible(text)}\``);
}

const helpOption: Option = { type: "boolean", short: "h", description: "show this help" };

function helpText({ name, operands, description, options, examples }: Omit<Verb, "run">): string {
  const rows = Object.entries<Option>({ ...options, help: helpOption }).map(([long, option]): [string, string] => {
    const value = option.type === "string" ? ` ${option.value ?? "TEXT"}` : "";
    const note = option.default === undefined ? "" : ` (${option.default} if not given)`;
    return [`${option.short ? `-${option.short}, ` : "    "}--${long}${value}`, option.description + note];
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `exitdsl ${name} ${operands}`,
    "",
    description,
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    ...examples.map((example) => `  $ ${example}`),
    "",
  ].join("\n");
}
