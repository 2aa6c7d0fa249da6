/** What `grammar/` holds: paths in it, and their contents. All of it comes from the parser's rules and word lists. */
import { ebnf } from "./ebnf.js";
import { grammar } from "./productions.js";
import { railroadDiagrams } from "./railroad.js";
import { textMateGrammar } from "./textmate.js";

export function grammarFiles(): Map<string, string> {
  const rules = grammar();
  const files = new Map([
    ["exitdsl.ebnf", ebnf(rules)],
    ["exitdsl.tmLanguage.json", textMateGrammar()],
  ]);
  for (const [name, content] of railroadDiagrams(rules)) files.set(`railroad/${name}`, content);
  return files;
}
