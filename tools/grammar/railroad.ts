/** The grammar as railroad diagrams: one self-contained SVG a section, for light and dark pages. */
import railroad from "railroad-diagrams";
import { notes, type Production, sections } from "./productions.js";

const style = `
    .page { fill: #fbfaf7; }
    text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; text-anchor: middle; fill: #1d2430; }
    text.title { font: bold 20px system-ui, "DejaVu Sans", sans-serif; text-anchor: start; }
    text.rule { font-weight: bold; text-anchor: start; }
    text.note { font: italic 13px system-ui, "DejaVu Sans", sans-serif; text-anchor: start; fill: #5b6472; }
    path { stroke: #5b6472; stroke-width: 2; fill: none; }
    rect.box { stroke: #8a6d1f; stroke-width: 1.5; fill: #fff6d6; }
    rect.box[rx] { stroke: #1f6f5c; fill: #dff3ec; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #14181f; }
      text { fill: #e6e9ef; }
      text.note { fill: #9aa4b2; }
      path { stroke: #9aa4b2; }
      rect.box { stroke: #c9a94a; fill: #3a3218; }
      rect.box[rx] { stroke: #58b89f; fill: #17372f; }
    }
  `;

railroad.Diagram.INTERNAL_ALIGNMENT = "left";

const margin = 24;
const titleHeight = 40;
const ruleHeight = 28;
const noteHeight = 20;

/** File names without folder, and their contents. */
export function railroadDiagrams(rules: ReadonlyMap<string, Production>): Map<string, string> {
  return new Map(sections.map(([title, names]) => [`${fileName(title)}.svg`, page(title, names, rules)]));
}

function fileName(title: string): string {
  return title.toLowerCase().replace(/[^a-z]+/g, "-");
}

function page(title: string, names: readonly string[], rules: ReadonlyMap<string, Production>): string {
  const parts: string[] = [];
  let y = margin + titleHeight;
  let width = 0;
  for (const name of names) {
    const diagram = railroad.Diagram(draw(rules.get(name) as Production)).format(10, 10, 10, 0);
    parts.push(`<text class="rule" x="${margin}" y="${y + 14}">${name}</text>`);
    y += ruleHeight;
    const note = notes[name];
    if (note !== undefined) {
      parts.push(`<text class="note" x="${margin}" y="${y + 8}">${escapeMarkup(note)}</text>`);
      y += noteHeight;
    }
    const drawing = diagram
      .toString()
      .replace(/^<svg [^>]*>\s*|\s*<\/svg>\s*$/g, "")
      .replaceAll("<rect ", '<rect class="box" ')
      .replaceAll(/>\s+</g, "><");
    parts.push(`<g transform="translate(${margin} ${y})">${drawing}</g>`);
    y += diagram.attrs.height + 12;
    width = Math.max(width, diagram.attrs.width, (note?.length ?? 0) * 7.5);
  }
  width = Math.ceil(width) + 2 * margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + margin}" viewBox="0 0 ${width} ${y + margin}">
  <title>exitdsl grammar: ${escapeMarkup(title)}</title>
  <style>${style}</style>
  <rect class="page" width="100%" height="100%"/>
  <text class="title" x="${margin}" y="${margin + 16}">${escapeMarkup(title)}</text>
  ${parts.join("\n  ")}
</svg>
`;
}

function escapeMarkup(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function draw(production: Production): ReturnType<typeof railroad.Terminal> {
  switch (production.kind) {
    case "text":
      return railroad.Terminal(production.text);
    case "rule":
      return railroad.NonTerminal(production.name);
    case "sequence":
      return railroad.Sequence(...production.items.map(draw));
    case "choice":
      return railroad.Choice(0, ...production.items.map(draw));
    case "optional":
      return railroad.Optional(draw(production.item));
    case "repeat":
      return railroad.ZeroOrMore(draw(production.item));
    case "list":
      return railroad.OneOrMore(draw(production.item), ...(production.separator === undefined ? [] : [draw(production.separator)]));
  }
}
