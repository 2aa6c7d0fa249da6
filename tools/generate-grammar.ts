/** Writes `grammar/`: `npm run grammar`, after every change of the parser's rules. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { grammarFiles } from "./grammar/files.js";

rmSync("grammar", { recursive: true, force: true });
mkdirSync("grammar/railroad", { recursive: true });
for (const [name, content] of grammarFiles()) writeFileSync(`grammar/${name}`, content);
