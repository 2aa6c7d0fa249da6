/** A spec's simulator as a module in this process: what the machine is compared with. */
import { emitSimulatorScript } from "../compiler/emit/simulator/simulator.js";
import type { Model } from "../compiler/model/model.js";
import type { PathGraph } from "../compiler/path/graph.js";

/** Names of machine words with their index: twice their position, since words are kept as two halves. */
export type Words = Readonly<Record<string, number>>;

export interface SimulatedMachine {
  readonly words: Uint32Array;
  vendor: "intel" | "amd";
  addressBits: 48 | 57;
  irqs: boolean;
  get(word: number): bigint;
  set(word: number, value: bigint): void;
  copyFrom(other: SimulatedMachine): void;
}

export interface ScriptEntry {
  readonly set?: Readonly<Record<string, number>> | undefined;
  readonly async?: Readonly<Record<string, number>> | undefined;
  readonly frame?: Readonly<Record<string, bigint>> | undefined;
}

export interface Outcome {
  readonly result: boolean | undefined;
  readonly terminal: string;
  readonly target: "user" | "kernel";
  readonly fault: { readonly vector: "#GP" | "#BP" | "#UD"; readonly ring: 0 | 3; readonly recovery: string | undefined } | undefined;
}

export interface SimulatorPath {
  readonly run: (
    machine: SimulatedMachine,
    features: Readonly<Record<string, boolean>>,
    script: readonly ScriptEntry[],
    trace?: { push(code: number): unknown },
  ) => Outcome;
  /** Codes below this are events of the C side, the others instructions. */
  readonly events: number;
  readonly steps: readonly (readonly [text: string, place: string])[];
}

export interface SimulatorModule {
  readonly Machine: new () => SimulatedMachine;
  readonly register: Words;
  readonly system: Words;
  readonly frame: Words;
  /** Groups without words are not there. */
  readonly flags?: Words;
  readonly value?: Words;
  readonly memory?: Words;
  readonly stack?: Words;
  readonly msr?: Words;
  readonly paths: Readonly<Record<string, SimulatorPath>>;
}

/** How a module is loaded from a URL: what V8 has kept of a bundle cannot import by itself. */
export type ImportModule = (url: string) => Promise<unknown>;

const importHere: ImportModule = (url) => import(url);

/** The simulator as one script of JavaScript. */
export function simulatorScript(model: Model, graphs: readonly PathGraph[]): string {
  return emitSimulatorScript(model, graphs, { stem: "simulator", digest: "", version: "" });
}

export async function loadSimulator(script: string, importModule = importHere): Promise<SimulatorModule> {
  return (await importModule(`data:text/javascript;base64,${Buffer.from(script).toString("base64")}`)) as SimulatorModule;
}
