/** What the parts of one simulator module share: its words, and which helpers, constants and masks they have asked for. */
import type { Constant, Feature, Mask, Model } from "../../model/model.js";
import type { Dialect, Doc } from "./print.js";
import { block, call, conditional, docComment, halves, hardline, numeral, object, properties } from "./print.js";
import type { HelperName } from "./runtime.js";
import { helperNames, helperTexts } from "./runtime.js";
import { bitsOf, expression } from "./tests.js";
import { Words } from "./words.js";

/** Names that every module has; a name of the spec that is one of them gets `_` behind it where it becomes a variable. */
const ownNames = new Set<string>([
  "Machine",
  "Features",
  "FlagValues",
  "FrameValues",
  "ScriptEntry",
  "Fault",
  "Outcome",
  "Path",
  "register",
  "system",
  "msr",
  "frame",
  "flags",
  "flag",
  "mask",
  "value",
  "memory",
  "stack",
  "paths",
  "describe",
  "machine",
  "features",
  "script",
  "trace",
  "next",
  "result",
  "zero",
  "carry",
  "w",
  ...helperNames,
]);

export class Module {
  readonly model: Model;
  readonly dialect: Dialect;
  readonly words: Words;
  private readonly helpers = new Set<HelperName>();
  private readonly constants = new Set<Constant>();
  private readonly masks = new Set<Mask>();
  private readonly declared: ReadonlySet<string>;
  /** Has the function that is being written looked at its features? */
  usesFeatures = false;

  constructor(model: Model, dialect: Dialect) {
    this.model = model;
    this.dialect = dialect;
    this.words = new Words(model);
    this.declared = new Set([...model.exits, ...model.constants, ...model.conditions, ...model.flagWords].map((d) => d.name));
  }

  helper(name: HelperName): string {
    if (!this.helpers.has(name)) {
      this.helpers.add(name);
      for (const needed of helperTexts[name].needs) this.helper(needed);
    }
    return name;
  }

  /** A call of a helper. */
  call(name: HelperName, args: readonly Doc[]): Doc {
    return call(this.helper(name), args);
  }

  /** The same as a statement. */
  statement(name: HelperName, args: readonly Doc[]): Doc {
    return [this.call(name, args), ";"];
  }

  isUsed(name: HelperName): boolean {
    return this.helpers.has(name);
  }

  feature(feature: Feature): string {
    this.usesFeatures = true;
    return `features.${feature.name}`;
  }

  /** A declared name as a variable or function. */
  local(name: string): string {
    let free = name;
    while (ownNames.has(free) || (free !== name && this.declared.has(free))) free += "_";
    return free;
  }

  /** A constant as an object of two halves. */
  constant(constant: Constant): string {
    this.constants.add(constant);
    const name = this.local(constant.name);
    if (!dependsOnFeatures(constant)) return name;
    this.usesFeatures = true;
    return `${name}(features)`;
  }

  mask(mask: Mask): string {
    this.masks.add(mask);
    return `mask.${mask.name}`;
  }

  // ── What was asked for ──

  /** The constants in use, in the order of the spec. */
  constantDeclarations(): readonly Doc[] {
    const { dialect, model } = this;
    return model.constants
      .filter((c) => this.constants.has(c))
      .flatMap((constant) => {
        const name = this.local(constant.name);
        const about = docComment([constant.doc, constant.because ?? ""].filter((t) => t !== ""));
        const pair = (value: bigint) => object([`high: ${numeral(halves(value).high)}`, `low: ${numeral(halves(value).low)}`]);
        const [first] = constant.arms;
        if (!dependsOnFeatures(constant) && first)
          return ["", ...about, [`const ${name} = `, pair(first.value), `${dialect.type(" as const")};`]];
        const body = constant.arms.map((arm): Doc => {
          const give: Doc = ["return ", pair(arm.value), ";"];
          return arm.test
            ? conditional(
                expression(this, arm.test, () => false),
                [give],
                [],
              )
            : give;
        });
        return ["", ...about, block(`function ${name}(features${dialect.type(": Features")})`, body)];
      });
  }

  flagDeclarations(): readonly Doc[] {
    const { model, dialect } = this;
    if (model.flags.length === 0) return [];
    const entries = model.flags.map((flag): Doc => {
      const about = docComment([flag.doc]);
      return [...about.flatMap((l) => [l, hardline]), `${flag.name}: ${numeral(bitsOf([flag]))}`];
    });
    const docs: Doc[] = [
      "",
      "/** The flags, each as its bit's value. */",
      properties("export const flag = ", entries, `${dialect.type(" as const")};`),
    ];
    const masks = model.masks.filter((m) => this.masks.has(m)).map((m): Doc => `${m.name}: ${numeral(bitsOf(m.flags))}`);
    if (masks.length > 0)
      docs.push("", "/** Named sets of flags. */", properties("export const mask = ", masks, `${dialect.type(" as const")};`));
    return docs;
  }

  /** The helper functions in use, in their own order; `answer` and `interrupt` are `preamble.ts`'s. */
  helperDeclarations(): readonly Doc[] {
    const used = helperNames.filter((name) => this.helpers.has(name) && helperTexts[name].text !== "");
    return used.flatMap((name) => ["", ...this.dialect.text(helperTexts[name].text).trim().split("\n").map(functionHead)]);
  }
}

/** `function f(a: A, b: B): R {` with its parameters on lines of their own where it is too long. */
function functionHead(text: string): Doc {
  const match = /^(function \w+)\((.*)\)([^()]*\{)$/.exec(text);
  return match ? [call(match[1] as string, (match[2] as string).split(", ")), match[3] as string] : text;
}

function dependsOnFeatures(constant: Constant): boolean {
  return constant.arms[0]?.test !== undefined;
}
