/** States of a program but for its flags' values: what they are made of, and how they are packed into numbers. */
import type { Live, ModelProgram, Violation } from "./program.js";
import type { Readings } from "./tests.js";

/** Everything but the point, the snapshot and the flags: IRQs, where it goes to, the kernel, the decisions. Packed, see `Layout`. */
export type Context = number;

const irqsBit = 1;
const toUserBit = 2;
/** Bits of a decision's value. */
const decisionBits = 3;

export class Layout {
  readonly program: ModelProgram;
  private readonly decisionShift = 2;
  private readonly combinationShift: number;
  private readonly featureSets: readonly ReadonlySet<number>[];
  /** How many contexts there can be. */
  readonly contexts: number;

  constructor(program: ModelProgram) {
    this.program = program;
    this.combinationShift = this.decisionShift + decisionBits * program.decisions.length;
    this.featureSets = program.combinations.map((on) => new Set([...on].map((f) => f.index)));
    this.contexts = 2 ** this.combinationShift * program.combinations.length;
    if (this.contexts > 2 ** 30) throw new Error("the path decides too many conditions for an explicit search");
  }

  context(toUser: boolean, irqs: boolean, combination: number): Context {
    return (combination << this.combinationShift) | (toUser ? toUserBit : 0) | (irqs ? irqsBit : 0);
  }

  irqs(context: Context): boolean {
    return (context & irqsBit) !== 0;
  }

  withIrqs(context: Context, on: boolean): Context {
    return on ? context | irqsBit : context & ~irqsBit;
  }

  toUser(context: Context): boolean {
    return (context & toUserBit) !== 0;
  }

  decision(context: Context, index: number): number {
    return (context >> (this.decisionShift + decisionBits * index)) & 7;
  }

  withDecision(context: Context, index: number, value: number): Context {
    const shift = this.decisionShift + decisionBits * index;
    return (context & ~(7 << shift)) | (value << shift);
  }

  /** The frame is rewritten: what was decided of it is old. */
  aged(context: Context): Context {
    let result = context;
    this.program.decisions.forEach((_, i) => {
      const value = this.decision(context, i);
      if ((this.program.aging & (1 << i)) !== 0 && (value === 1 || value === 2)) result = this.withDecision(result, i, value + 2);
    });
    return result;
  }

  /** Without the decisions that do not matter any more. */
  living(context: Context, live: Live): Context {
    let result = context;
    for (let i = 0; i < this.program.decisions.length; i++) {
      if ((live.decisions & (1 << i)) === 0) result = this.withDecision(result, i, 0);
    }
    return result;
  }

  readings(context: Context, seen: number): Readings {
    const on = this.featureSets[context >> this.combinationShift];
    return { feature: (index) => on?.has(index) ?? false, seen, toUser: this.toUser(context), decision: (i) => this.decision(context, i) };
  }

  /** Is some decision of `relies` old? */
  stale(context: Context, relies: number): boolean {
    return this.program.decisions.some((_, i) => (relies & (1 << i)) !== 0 && this.decision(context, i) >= 3);
  }
}

export type Violations = ReadonlySet<Violation>;
