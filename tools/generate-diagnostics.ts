/** Writes `docs/diagnostics/README.md`: `npm run diagnostics`, after every change of the catalogue. */
import { writeFileSync } from "node:fs";
import { indexPage } from "./diagnostics/index-page.js";

writeFileSync("docs/diagnostics/README.md", indexPage());
