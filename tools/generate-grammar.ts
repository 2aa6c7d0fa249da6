/** Writes `grammar/` and the parser's kept decisions: `npm run grammar`, after every change of the parser's rules. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { writtenDecisions } from "../src/compiler/syntax/kept-analysis.js";
import { SpecParser } from "../src/compiler/syntax/parser.js";
import { grammarFiles } from "./grammar/files.js";

rmSync("grammar", { recursive: true, force: true });
mkdirSync("grammar/railroad", { recursive: true });
for (const [name, content] of grammarFiles()) writeFileSync(`grammar/${name}`, content);
writeFileSync("src/compiler/syntax/decisions.ts", writtenDecisions(new SpecParser("learned")));
