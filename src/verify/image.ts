/** Links a spec's emitted assembly and C, as they are, with the bench machine. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Artefact } from "../compiler/emit/artefact.js";
import { c } from "../compiler/emit/c/c.js";
import { gas } from "../compiler/emit/gas/gas.js";
import { visitTest } from "../compiler/model/expressions.js";
import type { Feature, Model } from "../compiler/model/model.js";
import type { PathGraph } from "../compiler/path/graph.js";
import { type LinearProgram, linearProgram } from "../compiler/path/linear.js";
import { type Disassembly, disassemble } from "./disassembly.js";
import {
  type CellOf,
  cellsOf,
  eventTexts,
  headerText,
  recoveries,
  type Symbols,
  sourceText,
  symbolsFor,
  symbolsText,
} from "./embedding.js";
import type { EmulatorName } from "./emulator.js";
import { refuseUnlessEmbeddable } from "./limits.js";
import { type Plan, planOf } from "./plan.js";
import { type ImportModule, loadSimulator, type SimulatorModule, simulatorScript } from "./simulator.js";
import { run } from "./tools.js";

const kernelFlags = [
  "-std=gnu11",
  "-O2",
  "-Wall",
  "-Wextra",
  "-ffreestanding",
  "-fno-pic",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-tree-loop-distribute-patterns",
  "-fdata-sections",
  "-mno-red-zone",
  "-mgeneral-regs-only",
  "-mpreferred-stack-boundary=3",
];

/** The machine's constants: see machine/machine.h and machine/machine.c. */
export const aboveFrame = 1024;
export const userTableBit = 0x1000n;

/** A spec as the compiler has it. */
export interface Spec {
  readonly stem: string;
  readonly model: Model;
  readonly graphs: readonly PathGraph[];
}

/** What is known of a spec's outputs before any image is built. */
export interface Facts {
  readonly spec: Spec;
  readonly plans: readonly Plan[];
  readonly program: LinearProgram;
  readonly events: readonly string[];
  /** Recoveries by number, from 1. */
  readonly recoveries: readonly string[];
  /** Features that the assembly tests. */
  readonly assemblyFeatures: readonly Feature[];
  readonly module: SimulatorModule;
}

/** An image, ready to run, and what tells how to read what it does. */
export interface Image {
  readonly bench: Facts;
  /** The features of its assembly. */
  readonly on: ReadonlySet<Feature>;
  /** What it is run on. */
  readonly emulator: EmulatorName;
  readonly file: string;
  /** The object of the ROM that starts it on a PC; its symbols `start`, `loaded_start` and `loaded_end` are not defined. */
  readonly rom: string;
  /** Addresses of all symbols of the linked image. */
  readonly addresses: ReadonlyMap<string, number>;
  readonly cells: readonly CellOf[];
  /** The emitted section. */
  readonly code: Disassembly;
  /** Where it begins in the image. */
  readonly codeStart: number;
}

/** What can be changed in the outputs before they are assembled and compiled: the test of the test. */
export type Change = (name: string, text: string) => string;

export interface BenchOptions {
  /** Where everything is built, a folder that is there; a new one if it is not given. */
  readonly folder?: string | undefined;
  readonly importModule?: ImportModule | undefined;
}

/** A spec's outputs and the machine's own objects in a folder of their own. */
export class Bench implements Facts {
  readonly plans: readonly Plan[];
  readonly program: LinearProgram;
  readonly events: readonly string[];
  readonly recoveries: readonly string[];
  readonly assemblyFeatures: readonly Feature[];
  private readonly symbols: Symbols;
  private images = 0;
  private cFolder: string | undefined;
  private readonly emitted: readonly Artefact[];

  private constructor(
    readonly spec: Spec,
    /** The simulator's text, for other threads. */
    readonly script: string,
    readonly module: SimulatorModule,
    readonly folder: string,
    /** The folder `machine/` of this project. */
    private readonly machine: string,
  ) {
    const options = { stem: spec.stem, digest: "", version: "" };
    this.emitted = [...gas.emit(spec.model, spec.graphs, options), ...c.emit(spec.model, spec.graphs, options)];
    this.plans = spec.graphs.map(planOf);
    this.program = linearProgram(spec.model, spec.graphs);
    this.events = eventTexts(this.plans);
    this.recoveries = [...recoveries(spec.graphs).values()];
    this.symbols = symbolsFor(spec.model, this.program);
    this.assemblyFeatures = testedIn(this.program);
  }

  /**
   * @param machine the folder with the bench machine's sources
   * @throws CannotEmbed for a spec that the machine has no kernel for; MissingTool; and an error when a tool fails
   */
  static async of(spec: Spec, machine: string, { folder: given, importModule }: BenchOptions = {}): Promise<Bench> {
    refuseUnlessEmbeddable(spec);
    const script = simulatorScript(spec.model, spec.graphs);
    const module = await loadSimulator(script, importModule);
    const folder = given ?? mkdtempSync(join(tmpdir(), "exitdsl-verify-"));
    const bench = new Bench(spec, script, module, folder, machine);
    await Promise.all([
      ...["machine", "injection"].map((name) =>
        run("gcc", [...kernelFlags, "-Werror", "-c", join(machine, `${name}.c`), "-o", `${name}.o`], folder),
      ),
      ...["boot", "entry", "reset"].map((name) => run("gcc", ["-c", join(machine, `${name}.S`), "-o", `${name}.o`], folder)),
    ]);
    return bench;
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** Assembles only: what a kernel with these features has in its section, to see whether a change is in it. */
  async assembled(on: ReadonlySet<Feature>, change: Change): Promise<Disassembly> {
    const folder = this.outputs(change).folder;
    await run("as", ["--64", "--fatal-warnings", ...this.definitions(on), `${this.spec.stem}.S`, "-o", "paths.o"], folder);
    return disassemble(join(folder, "paths.o"), folder);
  }

  /** Writes the outputs into a new folder. `changed`: not all of them are as they were emitted, apart from the assembly. */
  private outputs(change: Change): { readonly folder: string; readonly changed: boolean } {
    const { stem } = this.spec;
    const folder = join(this.folder, `image${this.images++}`);
    mkdirSync(folder);
    let changed = false;
    for (const { name, text } of this.emitted) {
      const given = change(name, text);
      changed ||= given !== text && !name.endsWith(".S");
      writeFileSync(join(folder, name), given);
    }
    // Paths without a C side, all of them.
    if (!existsSync(join(folder, `${stem}.c`))) {
      writeFileSync(join(folder, `${stem}.h`), '#include "embedding.h"\n');
      writeFileSync(join(folder, `${stem}.c`), '#include "embedding.h"\n');
    }
    return { folder, changed };
  }

  private definitions(on: ReadonlySet<Feature>): readonly string[] {
    return [
      ...this.assemblyFeatures.map((f) => `EXITDSL_${f.name}=${on.has(f) ? 1 : 0}`),
      ...[...this.symbols.offsets].map(([name, value]) => `${name}=${value}`),
    ].flatMap((d) => ["--defsym", d]);
  }

  /** Assembles, compiles and links for a kernel whose assembly has the features `on`. */
  async image(on: ReadonlySet<Feature>, change: Change = (_, text) => text): Promise<Image> {
    const { model, graphs, stem } = this.spec;
    const { folder, changed } = this.outputs(change);
    writeFileSync(join(folder, "symbols.s"), symbolsText(this.symbols));
    await Promise.all([
      run("as", ["--64", "--fatal-warnings", ...this.definitions(on), `${stem}.S`, "-o", "paths.o"], folder),
      run("as", ["--64", "symbols.s", "-o", "symbols.o"], folder),
    ]);
    const code = await disassemble(join(folder, "paths.o"), folder);
    const labels = new Set(code.symbols.keys());
    const common = { stem, model, graphs, plans: this.plans, module: this.module, symbols: this.symbols, on, labels };
    writeFileSync(join(folder, "spec.c"), sourceText(common));
    writeFileSync(join(folder, "embedding.h"), headerText(model));
    const compile = [...kernelFlags, "-I.", `-I${this.machine}`, '-DEXITDSL_KERNEL_HEADER="embedding.h"', "-c"];
    // The C is the same in all images unless it is changed on purpose: features are read at run time.
    const compiled = !changed && this.cFolder !== undefined ? join(this.cFolder, "prepare.o") : join(folder, "prepare.o");
    await Promise.all([
      compiled === join(folder, "prepare.o") ? run("gcc", [...compile, `${stem}.c`, "-o", "prepare.o"], folder) : undefined,
      run("gcc", [...compile, "spec.c", "-o", "spec.o"], folder),
    ]);
    if (!changed) this.cFolder ??= folder;
    const objects = [
      ...["boot.o", "entry.o", "machine.o", "injection.o"].map((o) => join(this.folder, o)),
      "paths.o",
      compiled,
      "spec.o",
      "symbols.o",
    ];
    await run(
      "ld",
      [
        "-nostdlib",
        "-static",
        "-z",
        "noexecstack",
        "--no-warn-rwx-segments",
        "-T",
        join(this.machine, "image.ld"),
        ...objects,
        "-o",
        "image",
      ],
      folder,
    );
    const addresses = new Map<string, number>();
    for (const line of (await run("nm", ["image"], folder)).split("\n")) {
      const [address, , name] = line.split(" ");
      if (address && name) addresses.set(name, Number.parseInt(address, 16));
    }
    return {
      bench: this,
      on,
      emulator: "qemu",
      file: join(folder, "image"),
      rom: join(this.folder, "reset.o"),
      addresses,
      cells: cellsOf(model, this.module, this.symbols, on),
      code,
      codeStart: addresses.get("emitted_start") ?? 0,
    };
  }
}

function testedIn(program: LinearProgram): readonly Feature[] {
  const features = new Set<Feature>();
  for (const { items } of program.routines) {
    for (const item of items)
      if (item.kind === "if" || item.kind === "elseif") visitTest(item.test, (t) => void (t.kind === "feature" && features.add(t.feature)));
  }
  return [...features].sort((a, b) => a.index - b.index);
}
