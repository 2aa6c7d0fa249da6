/** Writes the table of `docs/planning.md`: `node tools/run.mjs tools/generate-planning.ts`, after a change of the paths or the planner. */
import { readFileSync, writeFileSync } from "node:fs";
import { withTable } from "./planning/page.js";

writeFileSync("docs/planning.md", withTable(readFileSync("docs/planning.md", "utf8")));
