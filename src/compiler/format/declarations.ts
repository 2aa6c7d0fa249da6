/** Declarations and the file as a whole. */
import type { Doc } from "prettier";
import { doc } from "prettier/standalone";
import type {
  ConditionDeclaration,
  Declaration,
  ExitDeclaration,
  FlagsDeclaration,
  FrameDeclaration,
  Located,
  MaskDeclaration,
  SpecFile,
} from "../syntax/tree.js";
import { clauseLines } from "./clauses.js";
import { chainLines, expression, hasReasons } from "./expressions.js";
import { above, braces, type Cell, cellLine, type Line, mayBreakBefore, setLines, stackAt } from "./lines.js";
import type { Page } from "./page.js";
import { blockLine, header, statementLines, withReason } from "./statements.js";

const { hardline, indent } = doc.builders;

/** The whole file. */
export function printFile(page: Page): Doc {
  const { tree } = page.file;
  const opening = openingLines(page, tree);
  const lines = [...opening, ...tree.declarations.map((declaration) => declarationLine(page, declaration))];
  const parts = setLines(page, lines, 0, { start: true, apart: (before, after) => before < opening.length && after >= opening.length });
  const end = above(page, page.endOfFile, lines.length === 0, lines.length === 0, false);
  return [parts, end, parts.length + end.length > 0 ? hardline : []];
}

function openingLines(page: Page, tree: SpecFile): Line[] {
  const lines = tree.imports.map((node) => cellLine(page, [{ first: page.first(node), last: page.last(node), gap: 0 }]));
  const { edition } = tree;
  if (edition) lines.unshift(cellLine(page, [{ first: page.first(edition) - 1, last: page.first(edition), gap: 0 }]));
  return lines;
}

function declarationLine(page: Page, declaration: Declaration): Line {
  const first = page.first(declaration);
  const last = page.last(declaration);
  /** Cells that start at the given tokens. */
  const cells = (gap: number, ...begins: number[]): Cell[] =>
    [first, ...begins].map((begin, k) => ({ first: begin, last: (begins[k] ?? last + 1) - 1, gap }));
  const open = page.token(last) === "}" ? page.find("{", first, last) : undefined;
  switch (declaration.kind) {
    case "feature": {
      if (open === undefined) return cellLine(page, cells(1), "feature");
      const inside = clauseLines(page, declaration.clauses, 1);
      for (const clause of inside.slice(1)) page.setApart(clause.first);
      const broken = (): Doc => [header(page, first, open), braces(page, first, open, last, inside, 0)];
      return { first, last, cells: page.endsLine(open) && open + 1 < last ? undefined : cells(1, open), table: "feature", broken };
    }
    case "constant": {
      const equals = page.last(declaration.name) + 1;
      const because = page.token(last - 1) === "because" ? last - 1 : last + 1;
      const breaks: number[] = [];
      for (let i = equals; i < last; i++) if (page.token(i) === "else" || i === because) breaks.push(i);
      return cellLine(page, withReason(page, cells(1, equals), 2), "constant", () => stackAt(page, first, last, breaks));
    }
    case "mask":
      return maskLine(page, declaration, cells(1, page.last(declaration.name) + 1));
    case "value":
      return cellLine(page, cells(1, page.last(declaration.name) + 1), "value");
    case "condition":
      return conditionLine(page, declaration);
    case "require": {
      const at = page.last(declaration.setting) + 1;
      return cellLine(page, withReason(page, cells(1, at), 2), "require");
    }
    case "assume":
      return cellLine(page, withReason(page, cells(1), 2), "assume");
    case "state":
    case "frame":
      return rowsLine(
        page,
        declaration.kind === "state" ? declaration.values : declaration.fields,
        first,
        last,
        declaration.kind === "frame" ? declaration : undefined,
      );
    default: {
      const brace = open ?? last;
      const broken = (): Doc => [
        header(page, first, brace, headerBreaks(page, declaration)),
        braces(page, first, brace, last, blockLines(page, declaration), 0),
      ];
      return { first, last, cells: brace + 1 === last ? cells(1) : undefined, table: "", broken };
    }
  }
}

type BlockDeclaration = Extract<Declaration, { readonly kind: "flags" | "event" | "work" | "step" | "tail" | "entry" | "exit" }>;

/** What stands in the block of a declaration that always has its own lines. */
function blockLines(page: Page, declaration: BlockDeclaration): Line[] {
  switch (declaration.kind) {
    case "flags":
      return flagLines(page, declaration);
    case "event":
      return clauseLines(page, declaration.clauses, 2);
    case "work":
    case "step":
      return clauseLines(page, declaration.clauses, 1);
    case "tail":
      return [...clauseLines(page, declaration.requires, 1), ...statementLines(page, declaration.body.statements, 1)];
    case "entry":
      return statementLines(page, declaration.body.statements, 1);
    case "exit":
      return exitLines(page, declaration);
  }
}

/** The tokens before which a long header breaks first. */
function headerBreaks(page: Page, declaration: BlockDeclaration): number[] {
  if (declaration.kind === "tail") return [page.first(declaration.target) - 1];
  if (declaration.kind !== "exit") return [];
  return [page.last(declaration.name) + 1, page.first(declaration.target) - 1];
}

function flagLines(page: Page, declaration: FlagsDeclaration): Line[] {
  return declaration.flags.map((flag) => {
    const first = page.first(flag);
    const bit = page.last(flag.name) + 1;
    const number = page.last(flag.bit);
    const cells: Cell[] = [
      { first, last: bit - 1, gap: 0 },
      { first: bit, last: number, gap: 2 },
    ];
    if (flag.async) cells.push({ first: page.first(flag.async), last: page.last(flag.async), gap: 2 });
    return cellLine(page, cells, "flag");
  });
}

function exitLines(page: Page, declaration: ExitDeclaration): Line[] {
  const { prepare, leave, waives } = declaration;
  const lines = statementLines(page, waives, 1);
  if (prepare) lines.push(blockLine(page, page.first(prepare), prepare.body, 1));
  // The block begins at its brace.
  if (leave) lines.push(blockLine(page, page.first(leave) - 1, leave, 1));
  return lines.sort((a, b) => a.first - b.first);
}

/** `mask NAME = A | B`; what does not fit beside the name stands below it. */
function maskLine(page: Page, declaration: MaskDeclaration, cells: readonly Cell[]): Line {
  const first = page.first(declaration);
  const last = page.last(declaration);
  const equals = page.last(declaration.name) + 1;
  const broken = (): Doc => {
    const members = page.flow(equals + 1, last, (i) => page.token(i) === "|");
    return [page.tokens(first, equals), indent([page.gap(equals + 1, hardline), members])];
  };
  return cellLine(page, cells, "mask", broken);
}

function conditionLine(page: Page, declaration: ConditionDeclaration): Line {
  const first = page.first(declaration);
  const last = page.last(declaration);
  const equals = page.last(declaration.name) + 1;
  const broken = (): Doc => belowEquals(page, first, equals, chainLines(page, equals + 1, last));
  return {
    first,
    last,
    cells: hasReasons(page, equals + 1, last) ? undefined : [{ first, last, gap: 0 }],
    table: "",
    broken,
    ownsComment: true,
  };
}

/** `NAME =` and the lines below it. */
function belowEquals(page: Page, first: number, equals: number, lines: readonly Line[]): Doc {
  return [page.tokens(first, equals), page.commentBehind(first, equals, 0), indent(setLines(page, lines, 1))];
}

/**
 * A list in a block: on one line when the author wrote it so and it fits, else in the author's rows,
 * which mean something (the registers that a call saves, those that the hardware pushes, …).
 */
function rowsLine(page: Page, items: readonly Located[], first: number, last: number, frame: FrameDeclaration | undefined): Line {
  const open = page.find("{", first, last) ?? first;
  const user = frame?.user && userClause(page, frame, open);
  if (user !== undefined) page.setApart(user);
  const broken = (): Doc => {
    const lines = rows(page, items, user ?? last);
    if (user !== undefined) lines.push(userLine(page, user, last - 1));
    return [header(page, first, open), braces(page, first, open, last, lines, 0)];
  };
  return { first, last, cells: page.endsLine(open) ? undefined : [{ first, last, gap: 0 }], table: "", broken };
}

/** The index of `user` in `user when …`. */
function userClause(page: Page, frame: FrameDeclaration, open: number): number {
  const after = frame.fields.at(-1);
  return (page.find("when", after ? page.last(after) : open, page.last(frame)) ?? open + 2) - 1;
}

function userLine(page: Page, first: number, last: number): Line {
  const broken = (): Doc => [page.tokens(first, first + 1), indent(indent([page.gap(first + 2), expression(page, first + 2, last)]))];
  return cellLine(page, [{ first, last, gap: 0 }], "", broken);
}

/** The items up to token `end` as rows: a line end of the author's starts a new one, and so does a full line. */
function rows(page: Page, items: readonly Located[], end: number): Line[] {
  const found: { first: number; last: number; items: Located[]; width: number }[] = [];
  items.forEach((item, k) => {
    const next = items[k + 1];
    const first = page.first(item);
    const last = (next ? page.first(next) : end) - 1;
    const width = page.width(page.flat(first, last));
    const row = found.at(-1);
    const goesOn = !page.endsLine(first - 1) && !page.hasInnerComment(first - 1, first);
    if (row && goesOn && row.width + 1 + width <= page.room(1)) {
      row.last = last;
      row.items.push(item);
      row.width += 1 + width;
    } else {
      found.push({ first, last, items: [item], width });
    }
  });
  return found.map((row): Line => {
    const broken = (): Doc => page.flow(row.first, row.last, (i) => mayBreakBefore(page, i));
    const saves = row.first + 1;
    const pair = row.items.length === 1 && row.last > saves && page.token(saves) !== ",";
    const cells: Cell[] = pair
      ? [
          { first: row.first, last: row.first, gap: 0 },
          { first: saves, last: row.last, gap: 1 },
        ]
      : [{ first: row.first, last: row.last, gap: 0 }];
    return cellLine(page, cells, row.items.length === 1 ? "item" : "", broken);
  });
}
