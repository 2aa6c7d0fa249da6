/** Writes `docs/invariants.md`: `npm run invariants`, after every change of `tools/invariants`. */
import { writeFileSync } from "node:fs";
import { invariantsPage } from "./invariants/page.js";

writeFileSync("docs/invariants.md", invariantsPage());
