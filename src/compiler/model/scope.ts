/** Looks names up, and says in the user's words what went wrong when one is not there. */
import type { Code, Details, MessageArguments } from "../diagnostics/catalogue.js";
import { diagnostic } from "../diagnostics/catalogue.js";
import type { Diagnostic, Label } from "../diagnostics/diagnostic.js";
import type { Located, Name, SpecFile } from "../syntax/tree.js";
import { nearest } from "../text/nearest.js";
import type { Source, Span } from "../text/source.js";
import type { Condition, Constant, Event, Feature, Flag, FlagWord, Frame, Mask, StateDimension, Step, Tail, Value, Work } from "./model.js";

export interface ParsedFile {
  readonly source: Source;
  readonly file: SpecFile;
}

/** Everything that a name can stand for in the one namespace of declarations. */
export type Entity =
  | { readonly kind: "feature"; readonly value: Feature }
  | { readonly kind: "constant"; readonly value: Constant }
  | { readonly kind: "flags word"; readonly value: FlagWord }
  | { readonly kind: "flag"; readonly value: Flag }
  | { readonly kind: "mask"; readonly value: Mask }
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "frame"; readonly value: Frame }
  | { readonly kind: "event"; readonly value: Event }
  | { readonly kind: "condition"; readonly value: Condition }
  | { readonly kind: "work"; readonly value: Work }
  | { readonly kind: "step"; readonly value: Step }
  | { readonly kind: "tail"; readonly value: Tail }
  | { readonly kind: "entry"; readonly value: { readonly name: string; readonly span: Span } }
  | { readonly kind: "exit"; readonly value: { readonly name: string; readonly span: Span } };

export type EntityKind = Entity["kind"];

function withArticle(kind: string): string {
  return `${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`;
}

/**
 * Names that C, the simulator's language or the compiler itself has taken. A declared name becomes a symbol, a C identifier
 * and a property, so that it must be free in all three.
 */
const reserved = new Map<string, string>();
const cKeywords =
  "auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true false asm typeof NULL";
const scriptKeywords =
  "abstract any arguments as async await bigint boolean catch class debugger declare delete eval export extends finally function get implements import in instanceof interface let module new null number object of package private protected public set string super symbol this throw try type undefined var with yield constructor prototype toString valueOf hasOwnProperty";
for (const word of scriptKeywords.split(" ")) reserved.set(word, "a word of the simulator's language");
for (const word of cKeywords.split(" ")) reserved.set(word, "a word of C");
for (const word of ["frame", "token"]) reserved.set(word, "how expressions name the saved frame and the tokens");

/** State of one resolution: the namespace, the dimensions and the findings. */
export class Scope {
  readonly entities = new Map<string, Entity>();
  readonly dimensions = new Map<string, StateDimension>();
  /** What the spec declares, whether it was entered yet or not. Masks and conditions are made of earlier ones only, so that none is made of itself. */
  readonly announced = new Map<string, { readonly kind: EntityKind; readonly span: Span }>();
  /** Names whose declaration was faulty: what was wrong is told there, and not again at each use. */
  readonly refused = new Set<string>();
  readonly diagnostics: Diagnostic[] = [];

  span(source: Source, located: Located): Span {
    return { source, start: located.start, end: located.end };
  }

  report<C extends Code>(code: C, span: Span, args: MessageArguments<C>, details?: Details): void {
    this.diagnostics.push(diagnostic(code, span, args, details));
  }

  /** Refuses names that could not be emitted. */
  checkName(source: Source, name: Name): void {
    const reason = /^exitdsl_/i.test(name.text)
      ? "of the form that emitted code keeps for itself"
      : name.text.startsWith("__proto")
        ? "a property that every object has"
        : reserved.get(name.text);
    if (reason !== undefined) {
      this.report("EX2032", this.span(source, name), { name: name.text, reason }, { help: "choose another name" });
    }
  }

  /** Enters a declaration; the first one of a name stays. */
  declare(source: Source, name: Name, entity: Entity): void {
    this.checkName(source, name);
    const earlier = this.entities.get(name.text);
    if (earlier) {
      const secondary: Label[] = [{ span: earlier.value.span, message: `first declared here, as ${withArticle(earlier.kind)}` }];
      this.report(
        "EX2021",
        this.span(source, name),
        { name: name.text },
        { label: "declared again here", secondary, help: "rename one of the two" },
      );
      return;
    }
    this.entities.set(name.text, entity);
  }

  /** The entity of one of the `kinds`, or undefined after a diagnostic. */
  lookup<K extends EntityKind>(source: Source, name: Name, ...kinds: readonly K[]): Extract<Entity, { kind: K }> | undefined {
    const entity = this.entities.get(name.text);
    const expected = kinds.join(" or ");
    if (!entity && this.refused.has(name.text)) return undefined;
    const announced = entity ? undefined : this.announced.get(name.text);
    if (announced && (kinds as readonly string[]).includes(announced.kind)) {
      const { kind, span } = announced;
      const help = `a ${kind} is made of those above it: move the declaration of \`${name.text}\` up, or take it out of here`;
      this.report(
        "EX2034",
        this.span(source, name),
        { kind, name: name.text },
        { secondary: [{ span, message: "it is declared here" }], help },
      );
      return undefined;
    }
    const actual = entity ? { kind: entity.kind, span: entity.value.span } : announced;
    if (actual && (!entity || !(kinds as readonly string[]).includes(entity.kind))) {
      const secondary: Label[] = [{ span: actual.span, message: `\`${name.text}\` is declared here` }];
      this.report(
        "EX2022",
        this.span(source, name),
        { name: name.text, actual: withArticle(actual.kind), expected: withArticle(expected) },
        { secondary },
      );
      return undefined;
    }
    if (!entity) {
      this.unknown(
        source,
        name,
        expected,
        [...this.entities].filter(([, e]) => (kinds as readonly string[]).includes(e.kind)).map(([n]) => n),
      );
      return undefined;
    }
    return entity as Extract<Entity, { kind: K }>;
  }

  /** Reports a name that nothing is called, with the nearest that something is. */
  unknown(source: Source, name: Name, kind: string, known: Iterable<string>): void {
    const candidates = [...known];
    const meant = nearest(name.text, candidates);
    const span = this.span(source, name);
    const few = candidates.length > 0 && candidates.length <= 8 ? `known here: ${candidates.map((c) => `\`${c}\``).join(", ")}` : undefined;
    this.report(
      "EX2020",
      span,
      { kind, name: name.text },
      {
        help: meant !== undefined ? `did you mean \`${meant}\`?` : (few ?? "declare it, or import the profile that does"),
        fixes: meant !== undefined ? [{ title: `write \`${meant}\``, edits: [{ span, text: meant }] }] : [],
      },
    );
  }
}
