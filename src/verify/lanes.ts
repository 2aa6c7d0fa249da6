/** Where units run: in this thread, or in threads of their own, each with the simulator and one QEMU at a time. */
import { parentPort, Worker, workerData } from "node:worker_threads";
import type { Unit } from "./campaign.js";
import type { Bench, Facts, Image } from "./image.js";
import { type ImportModule, loadSimulator } from "./simulator.js";
import { runUnit, type UnitResult } from "./unit.js";

export interface Lane {
  readonly run: (image: Image, paths: readonly number[], unit: Unit) => Promise<UnitResult>;
  readonly close: () => Promise<unknown>;
}

/** Simulating takes turns with other lanes of this kind; QEMU does not. */
export const laneHere: Lane = { run: runUnit, close: async () => undefined };

interface Start {
  readonly facts: Omit<Facts, "module">;
  readonly script: string;
}

interface Task {
  /** Its features by their index: objects of another message would be others. */
  readonly image: Omit<Image, "bench" | "on">;
  readonly on: readonly number[];
  readonly paths: readonly number[];
  readonly unit: Unit;
}

type Answer = { readonly result: UnitResult } | { readonly error: string };

/** @param program what the thread runs; it is to call `serveLane` @param argv what that program finds in `process.argv` */
export function laneInThread(bench: Bench, program: string, argv: readonly string[]): Lane {
  const { assemblyFeatures, events, plans, recoveries, script, spec } = bench;
  const { program: line } = bench;
  const start: Start = { facts: { assemblyFeatures, events, plans, recoveries, spec, program: line }, script };
  const worker = new Worker(program, { argv: [...argv], workerData: start });
  return {
    run: ({ bench: _, on, ...image }, paths, unit) =>
      new Promise((resolve, reject) => {
        const end = (settle: () => void) => {
          worker.off("message", answered).off("error", failed);
          settle();
        };
        const failed = (error: unknown) => end(() => reject(error));
        const answered = (answer: Answer) => end(() => ("result" in answer ? resolve(answer.result) : reject(new Error(answer.error))));
        worker.on("message", answered).on("error", failed);
        const task: Task = { image, on: [...on].map((f) => f.index), paths, unit };
        worker.postMessage(task);
      }),
    close: () => worker.terminate(),
  };
}

/** The other end, in the thread. */
export async function serveLane(importModule: ImportModule): Promise<void> {
  const { facts, script } = workerData as Start;
  const bench: Facts = { ...facts, module: await loadSimulator(script, importModule) };
  const { features } = bench.spec.model;
  parentPort?.on("message", async ({ image, on, paths, unit }: Task) => {
    const answer = await runUnit({ ...image, bench, on: new Set(features.filter((f) => on.includes(f.index))) }, paths, unit).then(
      (result): Answer => ({ result }),
      (error: Error): Answer => ({ error: error.stack ?? error.message }),
    );
    parentPort?.postMessage(answer);
  });
}
