/** The ways out that the other checkers are run on: those of the examples that have work, and some that are broken. */
import { buildProgram } from "../../src/compiler/model-check/build-program.js";
import type { ModelProgram, Violation } from "../../src/compiler/model-check/program.js";
import { checkerVerdict, compileFile, exampleFiles } from "./verdicts.js";

const broken = [
  "test/ui/EX3001-flag-set-after-the-last-look",
  "test/ui/EX3001-no-second-look",
  "test/ui/EX3001-path-without-the-loop",
  "test/ui/EX3007-conditions-before-signals",
  "test/ui/EX5001-irqs-on-at-the-terminal",
  "test/bugs/exit-work-check-irqs-on/wrong",
  "test/bugs/rcuog-wakeup-late/wrong",
];

interface Case {
  readonly name: string;
  readonly program: ModelProgram;
  /** The checker's. */
  readonly verdict: ReadonlySet<Violation>;
}

export const sample: readonly Case[] = [...exampleFiles, ...broken.map((name) => `${name}.exitdsl`)].flatMap((file) => {
  const compilation = compileFile(file);
  const verdict = checkerVerdict(compilation);
  return compilation.graphs.flatMap((graph): Case[] => {
    const program = buildProgram(graph);
    return program.flags.length > 1 || verdict.size > 0 ? [{ name: `${file} ${graph.exit.name}`, program, verdict }] : [];
  });
});
