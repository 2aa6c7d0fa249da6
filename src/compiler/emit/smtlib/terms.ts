/** Tests and operands of the model as SMT-LIB terms over 64-bit words, and the declarations that they need. */
import type { Condition, Constant, Feature, Operand, Test } from "../../model/model.js";
import type { PathGraph } from "../../path/graph.js";
import { plainText } from "../model/names.js";

/** A 64-bit word. */
export function word(value: bigint): string {
  return `#x${BigInt.asUintN(64, value).toString(16).padStart(16, "0")}`;
}

/** Declares what is used, once, before it is used. A prefix for each kind keeps names of the spec apart from words of SMT-LIB. */
export class Terms {
  /** Declarations and definitions, in an order in which each needs only those before it. */
  readonly declarations: string[] = [];
  private readonly graph: PathGraph;
  private readonly declared = new Set<string>();
  private readonly features = new Set<Feature>();
  private unknowns = 0;

  constructor(graph: PathGraph) {
    this.graph = graph;
  }

  private declare(name: string, lines: () => readonly string[]): string {
    if (!this.declared.has(name)) {
      this.declared.add(name);
      this.declarations.push(...lines());
    }
    return name;
  }

  feature(feature: Feature): string {
    const name = `feature_${feature.name}`;
    if (this.features.has(feature)) return name;
    this.features.add(feature);
    this.declarations.push(`(declare-const ${name} Bool)`);
    for (const needed of feature.needs) this.declarations.push(`(assert (=> ${name} ${this.feature(needed)}))`);
    for (const other of this.features) {
      if (!other.excludes.includes(feature) && !feature.excludes.includes(other)) continue;
      this.declarations.push(`(assert (not (and feature_${other.name} ${name})))`);
    }
    return name;
  }

  /** A word of which nothing is known. */
  unknownWord(what: string): string {
    return this.declare(`unknown_${what}`, () => [`(declare-const unknown_${what} (_ BitVec 64))`]);
  }

  /** What the frame holds in a field, by the field's own name. */
  field(name: string): string {
    return this.declare(`frame_${name}`, () => [`(declare-const frame_${name} (_ BitVec 64))`]);
  }

  /** What the frame saved of a register. */
  saved(register: string): string {
    const field = this.graph.model.frame?.fields.find((f) => f.saves === register);
    return field ? this.field(field.name) : this.unknownWord(`saved_${register}`);
  }

  constant(constant: Constant): string {
    const name = `constant_${constant.name}`;
    return this.declare(name, () => {
      const arms = [...constant.arms];
      const last = arms.pop();
      const value = arms.reduceRight(
        (otherwise, arm) => (arm.test ? `(ite ${this.test(arm.test)} ${word(arm.value)} ${otherwise})` : word(arm.value)),
        word(last?.value ?? 0n),
      );
      return [`(define-fun ${name} () (_ BitVec 64) ${value})`];
    });
  }

  operand(operand: Operand): string {
    switch (operand.kind) {
      case "field":
        return this.field(operand.field.name);
      case "token":
        return this.declare(`token_${operand.token.name}`, () => [`(declare-const token_${operand.token.name} (_ BitVec 64))`]);
      case "value": {
        const name = `value_${operand.value.name}`;
        return `((_ zero_extend 32) ${this.declare(name, () => [`(declare-const ${name} (_ BitVec 32))`])})`;
      }
      case "number": {
        const parts = [
          ...operand.constants.map((c) => this.constant(c)),
          ...(operand.literal !== 0n || operand.constants.length === 0 ? [word(operand.literal)] : []),
        ];
        return parts.reduce((union, part) => `(bvor ${union} ${part})`);
      }
    }
  }

  condition(condition: Condition): string {
    const name = `condition_${condition.name}`;
    return this.declare(name, () => {
      const { test } = condition;
      if (test.kind !== "and") return [`(define-fun ${name} () Bool ${this.test(test)})`];
      const clauses = test.operands.map((clause) => `    ${this.test(clause)}${reason(clause)}`);
      return [`(define-fun ${name} () Bool`, "  (and", ...clauses, "  ))"];
    });
  }

  test(test: Test): string {
    switch (test.kind) {
      case "constant":
        return String(test.value);
      case "feature":
        return this.feature(test.feature);
      case "flags":
        return joined(
          "or",
          test.flags.map((f) => this.declare(`flag_${f.name}`, () => [`(declare-const flag_${f.name} Bool)`])),
        );
      case "frame-user": {
        const user = this.graph.model.frame?.user;
        return user ? this.test(user) : "true";
      }
      case "state": {
        const name = `unknown_state_${this.unknowns++}`;
        return this.declare(name, () => [`(declare-const ${name} Bool)`]);
      }
      case "condition":
        return this.condition(test.condition);
      case "compare":
        return comparison(test.operator, this.operand(test.left), this.operand(test.right));
      case "and":
      case "or":
        return joined(
          test.kind,
          test.operands.map((o) => this.test(o)),
        );
      case "not":
        return `(not ${this.test(test.operand)})`;
    }
  }
}

function joined(operator: "and" | "or", operands: readonly string[]): string {
  if (operands.length === 0) return String(operator === "and");
  return operands.length === 1 ? (operands[0] as string) : `(${operator} ${operands.join(" ")})`;
}

function reason(test: Test): string {
  const because = "because" in test ? test.because : undefined;
  return because === undefined ? "" : ` ; ${plainText(because)}`;
}

function comparison(operator: Extract<Test, { kind: "compare" }>["operator"], left: string, right: string): string {
  switch (operator) {
    case "==":
      return `(= ${left} ${right})`;
    case "!=":
      return `(distinct ${left} ${right})`;
    case "<":
      return `(bvult ${left} ${right})`;
    case "<=":
      return `(bvule ${left} ${right})`;
    case ">":
      return `(bvugt ${left} ${right})`;
    case ">=":
      return `(bvuge ${left} ${right})`;
    case "has":
      return `(distinct (bvand ${left} ${right}) ${word(0n)})`;
    case "lacks":
      return `(= (bvand ${left} ${right}) ${word(0n)})`;
  }
}
