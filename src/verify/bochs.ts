/**
 * Bochs: an interpreter with the segment, canonical and privilege checks of Intel's manuals. Debian's is the debugger's build, with a
 * screen of characters as its only display. So it runs under script(1), and the debugger does what files of memory do for QEMU: Bochs
 * loads the image and the cases into RAM, the debugger runs to `machine_finish` and writes the results to a file.
 */
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Emulator, Finished, Memory } from "./emulator.js";
import { timeIsUp } from "./emulator.js";
import type { Image } from "./image.js";
import { MissingTool, run, start } from "./tools.js";

/** Where machine/image.ld links to, and where machine/reset.S has to be. */
const imageAddress = 0x100000;
const romAddress = 0xffff0000;
/** What a CPU has to have for all features but FRED: PCID, SMAP, FSGSBASE. Others of Bochs's models fault alike. */
const model = "corei7_skylake_x";
/** Instructions after which the machine hangs, for the start and for each KiB of cases: these take some 1,500 a KiB. */
const startTicks = 1_000_000;
const ticksPerKibibyte = 100_000;

/** Names of files in the run's folder: so no path comes into a configuration, or into a command line. */
const files = { commands: "commands", configuration: "configuration", loaded: "loaded", log: "log", results: "results", rom: "rom" };

export const bochs: Emulator = {
  name: "Bochs",
  tools: ["bochs", "script", "objcopy"],
  vendor: "intel",
  missing: new Set(["X86_FEATURE_FRED"]),
  limits: { start: 30_000, case: 20 },

  async run(image: Image, { input, inputAt, output, size }: Memory, limit: number): Promise<Finished> {
    const folder = mkdtempSync(join(tmpdir(), "exitdsl-bochs-"));
    const dispose = () => rmSync(folder, { recursive: true });
    const path = (name: keyof typeof files) => join(folder, files[name]);
    try {
      await writeImage(image, folder, inputAt + input.length);
      writeAt(path("loaded"), input, inputAt - imageAddress);
      writeFileSync(path("configuration"), configuration(size));
      const ticks = startTicks + Math.ceil(input.length / 1024) * ticksPerKibibyte;
      writeFileSync(path("commands"), commands(addressOf(image, "machine_finish"), output, ticks));
      const command = `env TERM=vt100 bochs -q -f ${files.configuration} -rc ${files.commands}`;
      const before = performance.now();
      const { status, stdout } = await start("script", ["--quiet", "--return", "--command", command, "/dev/null"], folder, limit);
      const time = performance.now() - before;
      if (status === 127 || stdout.includes("display library 'term' not available")) throw new MissingTool("bochs");
      const results = existsSync(path("results")) ? readFileSync(path("results")) : undefined;
      if (!results && status !== undefined) throw new Error(`Bochs gave no results (exit code ${status})\n${stdout}`);
      return {
        stopped: results ? whyStopped(stdout) : timeIsUp,
        time,
        read: (address, length) =>
          Uint8Array.from((results ?? Buffer.alloc(length)).subarray(address - output[0], address - output[0] + length)),
        dispose,
      };
    } catch (error) {
      dispose();
      throw error;
    }
  },
};

function addressOf({ addresses }: Image, symbol: string): number {
  const address = addresses.get(symbol);
  if (address === undefined) throw new Error(`the image has no ${symbol}`);
  return address;
}

const hex = (n: number): string => `0x${n.toString(16)}`;

/** What Bochs loads, with the image only, and the ROM. @param end where what it loads will end */
async function writeImage(image: Image, folder: string, end: number): Promise<void> {
  const symbols = { start: addressOf(image, "start"), loaded_start: imageAddress, loaded_end: end };
  const given = Object.entries(symbols).flatMap(([name, value]) => ["--defsym", `${name}=${hex(value)}`]);
  await Promise.all([
    run("objcopy", ["-O", "binary", image.file, files.loaded], folder),
    run("ld", ["--oformat", "binary", "-Ttext", hex(romAddress), "--entry", "rom", ...given, image.rom, "-o", files.rom], folder),
  ]);
}

/** Into a file that exists already; there may be a hole between what it has and this. */
function writeAt(file: string, bytes: Buffer, position: number): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, position);
  closeSync(descriptor);
}

/** As few devices as Bochs goes without. It insists on a VGA BIOS, which nothing runs: any ROM will do. */
function configuration(size: number): string {
  return `megs: ${Math.ceil(size / 1048576)}
romimage: file=${files.rom}, address=${hex(romAddress)}
vgaromimage: file=${files.rom}
optramimage1: file=${files.loaded}, address=${hex(imageAddress)}
boot: disk
cpu: model=${model}, ips=100000000, reset_on_triple_fault=1
clock: sync=none
display_library: term
plugin_ctrl: speaker=0, gameport=0, parallel=0, serial=0, extfpuirq=0, biosdev=0, iodebug=0
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
log: ${files.log}
panic: action=report
error: action=ignore
info: action=ignore
`;
}

/** The debugger also stops at a triple fault's reset, and when the time in ticks is up. */
function commands(finish: number, [start, end]: Memory["output"], ticks: number): string {
  return `pb ${hex(finish)}
sb ${ticks}
c
writemem "${files.results}" ${hex(start)} ${end - start}
q
`;
}

function whyStopped(stdout: string): string {
  if (/Breakpoint \d+, /.test(stdout)) return "";
  if (stdout.includes("Caught time breakpoint")) return timeIsUp;
  return "a triple fault reset the machine";
}
