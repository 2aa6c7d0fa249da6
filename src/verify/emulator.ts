/** What runs an image: a program that is a whole machine. It gets the image and bytes for its memory, and gives its memory back. */
import type { Image } from "./image.js";
import type { Tool } from "./tools.js";

export type EmulatorName = "qemu" | "bochs";

export interface Emulator {
  /** For people. */
  readonly name: string;
  readonly tools: readonly Tool[];
  /** Whose SYSRET it has where RCX is not canonical: AMD's goes to user mode and faults there, Intel's faults in ring 0. */
  readonly vendor: "amd" | "intel";
  /** What it has not got, of what features of specs ask of the CPU; the kernel's names. */
  readonly missing: ReadonlySet<string>;
  /** Milliseconds that it may take to start, and for a case: thirty times of what is usual. A machine that takes longer hangs. */
  readonly limits: { readonly start: number; readonly case: number };
  /**
   * Runs an image to its end.
   * @param limit milliseconds, after which it is stopped
   * @throws MissingTool
   */
  run(image: Image, memory: Memory, limit: number): Promise<Finished>;
}

/** Physical memory; all that is not given is zero. Addresses are multiples of 4096. */
export interface Memory {
  /** In bytes, from address 0. */
  readonly size: number;
  /** What is there at the start, beside the image. */
  readonly input: Buffer;
  readonly inputAt: number;
  /** The address of a word of 64 bits that changes whenever the machine goes on; 0 until it has begun. */
  readonly progressAt: number;
  /** Where the machine writes what is of interest; up to, not including, the second. */
  readonly output: readonly [start: number, end: number];
}

export interface Finished {
  /** Why it stopped, if that is not what the image asked for. */
  readonly stopped: string;
  /** Milliseconds from its start to its end. */
  readonly time: number;
  /** Bytes of the output. */
  read(address: number, length: number): Uint8Array<ArrayBuffer>;
  /** Nothing more will be read. */
  dispose(): void;
}

export const timeIsUp = "the time was up";
