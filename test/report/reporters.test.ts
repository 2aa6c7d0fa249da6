import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/compiler/diagnostics/catalogue.js";
import type { Diagnostic } from "../../src/compiler/diagnostics/diagnostic.js";
import { github } from "../../src/compiler/report/github.js";
import { json } from "../../src/compiler/report/json.js";
import { pretty } from "../../src/compiler/report/pretty.js";
import type { Reporter } from "../../src/compiler/report/reporter.js";
import { sarif } from "../../src/compiler/report/sarif.js";
import { short } from "../../src/compiler/report/short.js";
import * as cases from "./cases.js";

const plain = { version: "1.2.3", colour: false };
const all: readonly Diagnostic[] = [
  cases.full,
  cases.warning,
  cases.severalOnALine,
  cases.nested,
  cases.severalLines,
  ...cases.strangeCharacters,
  cases.hostileName,
  cases.longLine,
  cases.emptyFile,
];
const reporters: Record<string, Reporter> = { pretty, short, json, sarif, github };

describe("golden reports", () => {
  const golden: [string, Reporter, readonly Diagnostic[], boolean][] = [
    ["pretty-full.txt", pretty, [cases.full, cases.warning], false],
    ["pretty-colour.txt", pretty, [cases.full], true],
    ["pretty-labels.txt", pretty, [cases.severalOnALine, cases.nested, cases.severalLines], false],
    ["pretty-strange.txt", pretty, [...cases.strangeCharacters, cases.hostileName, cases.longLine, cases.emptyFile], false],
    ["short.txt", short, all, false],
    ["full.json", json, [cases.full, cases.hostileName], false],
    ["github.txt", github, [cases.full, cases.warning, cases.hostileName], false],
  ];
  it.each(golden)("%s", async (file, reporter, diagnostics, colour) => {
    await expect(reporter(diagnostics, { ...plain, colour })).toMatchFileSnapshot(`golden/${file}`);
  });
});

describe.each(Object.entries(reporters))("%s", (name, reporter) => {
  it("lets no control, format or direction character through", () => {
    const report = reporter(all, plain);
    expect(report.match(/[^\n\P{C}]|[\p{Zl}\p{Zp}]/gu)).toBeNull();
  });

  it("says nothing, or an empty report, when there is nothing to say", () => {
    const report = reporter([], plain);
    if (name === "json") expect(JSON.parse(report)).toMatchObject({ summary: { errors: 0, warnings: 0 }, diagnostics: [] });
    else if (name === "sarif") expect(JSON.parse(report).runs[0].results).toEqual([]);
    else expect(report).toBe("");
  });
});

describe("pretty", () => {
  it("colours only what it adds: without the escapes the text is the plain report", () => {
    const coloured = pretty(all, { ...plain, colour: true });
    expect(coloured).not.toBe(pretty(all, plain));
    expect(coloured.replaceAll(/\u001b\[\d+m/g, "")).toBe(pretty(all, plain));
  });

  it("puts the sign under the character, past tabs, wide and combining characters", () => {
    const [tabs, wide] = cases.strangeCharacters.map((d) => pretty([d], plain).split("\n"));
    expect(tabs?.[3]).toBe("1 |         irqs    on // tabs");
    expect(tabs?.[4]).toBe("  |                 ^^ here");
    // Two cells each for 漢, 字 and 😀, none for the combining accent.
    expect(wide?.[4]).toBe(`  | ${" ".repeat("run wwww, e, ww, ".length)}^ and here`);
  });

  it("shows a part of a very long line, with the label in sight", () => {
    const report = pretty([cases.longLine], plain).split("\n");
    const [line = "", signs = ""] = [report[3], report[4]];
    expect(line.length).toBeLessThan(200);
    expect(line.slice(signs.indexOf("^"), signs.lastIndexOf("^") + 1)).toBe("wrong");
  });

  it("stays linear on a long line with many diagnostics", () => {
    // Looking through the line for each of them would take many minutes.
    const text = `${"A | ".repeat(500_000)}wrong${" | B".repeat(500_000)}`;
    const span = { source: { name: "long.exitdsl", text }, start: 2_000_000, end: 2_000_005 };
    const many = Array.from({ length: 3000 }, () => ({ ...cases.longLine, primary: { span, message: "this one" } }));
    expect(pretty(many, plain).split("a line is very long").length).toBe(many.length + 1);
  });
});

describe("sarif", () => {
  const log = JSON.parse(sarif(all, plain));
  const [run] = log.runs;

  it("lists every code of the catalogue as a rule, and results point to them", () => {
    expect(log.version).toBe("2.1.0");
    expect(run.tool.driver.rules.map((r: { id: string }) => r.id)).toEqual(Object.keys(catalogue));
    for (const result of run.results) expect(run.tool.driver.rules[result.ruleIndex].id).toBe(result.ruleId);
  });

  it("has the place, the related places, the trace and the fix", () => {
    const [result] = run.results;
    expect(result.locations[0].physicalLocation).toEqual({
      artifactLocation: { uri: "examples/paths.exitdsl" },
      region: { startLine: 14, startColumn: 11, endLine: 14, endColumn: 16 },
    });
    expect(result.relatedLocations).toHaveLength(3);
    expect(result.relatedLocations[1].physicalLocation.artifactLocation.uri).toBe("profile:linux-4.0");
    expect(
      result.codeFlows[0].threadFlows[0].locations.map((l: { location: { message: { text: string } } }) => l.location.message.text),
    ).toEqual(cases.full.trace.map((step) => step.text));
    expect(result.fixes[0].artifactChanges[0].replacements).toHaveLength(2);
  });

  it("writes only valid URIs", () => {
    for (const result of run.results) {
      const { uri } = result.locations[0].physicalLocation.artifactLocation;
      expect(uri).toMatch(/^[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%-]+$/);
    }
  });
});

describe("json", () => {
  it("counts columns in code points from 1 and offsets in UTF-16 units from 0", () => {
    const report = JSON.parse(json([cases.strangeCharacters[1] as Diagnostic], plain));
    const start = cases.strange.text.indexOf("x");
    expect(report.diagnostics[0].primary.place.start).toEqual({ offset: start, line: 2, column: "run 漢字, e\u0301, *, ".length + 1 });
  });
});
