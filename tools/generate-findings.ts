/**
 * Writes into docs/linux-6.12-findings.md what the compiler says of the specs under test/linux-6.12/findings: each block behind
 * `<!-- NAME -->`. Run: npm run findings
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pretty } from "../src/compiler/report/pretty.js";
import { compileFrom } from "./linux/spec.js";

const page = "docs/linux-6.12-findings.md";
const text = readFileSync(page, "utf8").replaceAll(/<!-- (.*) -->\n```text\n[\s\S]*?```/g, (_, name: string) => {
  const { diagnostics } = compileFrom(process.cwd(), `test/linux-6.12/findings/${name}.exitdsl`);
  return `<!-- ${name} -->\n\`\`\`text\n${pretty(diagnostics, { version: "", colour: false }).trim()}\n\`\`\``;
});
writeFileSync(page, text);
