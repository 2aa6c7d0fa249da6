/** Writes `docs/bugs.md`: `npm run bugs`, after every change of `test/bugs` or of a diagnostic. */
import { writeFileSync } from "node:fs";
import { readCorpus } from "./bugs/corpus.js";
import { bugsPage } from "./bugs/page.js";

writeFileSync("docs/bugs.md", bugsPage(readCorpus(".")));
