/** QEMU's TCG, never KVM: guest memory is a file, which cases are written into and results read from. */
import { closeSync, existsSync, ftruncateSync, openSync, readdirSync, readSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import type { Emulator, Finished, Memory } from "./emulator.js";
import { timeIsUp } from "./emulator.js";
import { hangWatch } from "./hang.js";
import type { Image } from "./image.js";
import { start } from "./tools.js";

/** isa-debug-exit's exit code for what machine_finish writes, 2 * 0x10 + 1. */
const finished = 33;
let nextFile = 0;

export const qemu: Emulator = {
  name: "QEMU",
  tools: ["qemu-system-x86_64"],
  vendor: "amd",
  missing: new Set(["X86_FEATURE_PCID", "X86_FEATURE_FRED"]),
  limits: { start: 10_000, case: 2 },

  async run(image: Image, { input, inputAt, progressAt, size }: Memory, limit: number): Promise<Finished> {
    const folder = memoryFolder(size);
    const file = join(folder, `${memoryFilePrefix()}${threadId}-${nextFile++}`);
    const descriptor = openSync(file, "wx+", 0o600);
    const dispose = () => {
      closeSync(descriptor);
      rmSync(file);
    };
    try {
      ftruncateSync(descriptor, size);
      writeSync(descriptor, input, 0, input.length, inputAt);
      const read = (address: number, length: number) => {
        const bytes = new Uint8Array(length);
        readSync(descriptor, bytes, 0, length, address);
        return bytes;
      };
      const hangs = hangWatch(() => Buffer.from(read(progressAt, 8).buffer).readBigUInt64LE());
      const before = performance.now();
      const { status, stderr } = await start("qemu-system-x86_64", options(image.file, file, size), folder, limit, hangs);
      const time = performance.now() - before;
      const why = status === undefined ? timeIsUp : stderr.trim() || `the machine stopped (exit code ${status})`;
      return { stopped: status === finished ? "" : why, time, read, dispose };
    } catch (error) {
      dispose();
      throw error;
    }
  },
};

const ram = "/dev/shm";

/** Where files of this size go: into memory where there is room for several; containers often have little. */
function memoryFolder(size: number): string {
  try {
    const { bavail, bsize } = statfsSync(ram);
    return bavail * bsize > 4 * size ? ram : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Removes the memory files of this process, when its threads have been stopped and cannot. */
export function removeMemoryFiles(): void {
  for (const folder of [ram, tmpdir()].filter(existsSync))
    for (const name of readdirSync(folder)) if (name.startsWith(memoryFilePrefix())) rmSync(join(folder, name), { force: true });
}

/** What the names of this process's memory files begin with. */
function memoryFilePrefix(): string {
  return `exitdsl-${process.pid}-`;
}

function options(image: string, memory: string, size: number): readonly string[] {
  return [
    ...["-M", "microvm,memory-backend=ram,pit=off,pic=off,rtc=off,isa-serial=off,x-option-roms=off", "-accel", "tcg", "-cpu", "max"],
    ...["-object", `memory-backend-file,id=ram,size=${size},mem-path=${memory},share=on,prealloc=on`, "-m", `${size / 1048576}M`],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-serial", "none", "-no-reboot"],
    ...["-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", image],
  ];
}
