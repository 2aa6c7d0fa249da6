/**
 * Where comments go. Prettier finds the tokens around each one; a comment on a line of its own belongs to the token below it,
 * any other to the token before it. It never crosses a token, so a doc comment keeps its declaration; only a plain comment before a `,`
 * or a `{` moves behind that, where people write it.
 */
import { util } from "prettier/standalone";
import type { ConcreteFile, ConcreteNode, PlacedComment, TokenNode } from "./concrete.js";

/** What Prettier says about a comment while it asks where it goes. */
interface Surrounded extends PlacedComment {
  readonly precedingNode?: TokenNode;
  readonly followingNode?: TokenNode;
}

/** Puts a comment at its token. Always `true`: it is placed, and Prettier has nothing left to decide. */
export function placeComment(comment: Surrounded, text: string, _options: unknown, file: ConcreteNode): boolean {
  const { precedingNode: before, followingNode: after } = comment;
  if (!after || file.type !== "file") return false;
  const behind = before !== undefined && !text.slice(before.end, comment.start).includes("\n");
  if ((after.text === "," || after.text === "{") && !comment.doc) {
    const next = tokenAfter(file, after);
    if (next && !hasDoc(text, before, after) && !hasDoc(text, after, next)) {
      return behind && !after.comments && !next.comments ? attach(after, comment, "trailing") : attach(next, comment, "leading");
    }
  }
  if (behind && before && !before.comments?.some((other) => other.trailing) && !after.comments) return attach(before, comment, "trailing");
  return attach(after, comment, "leading");
}

function attach(token: TokenNode, comment: PlacedComment, where: "leading" | "trailing"): true {
  if (where === "leading") util.addLeadingComment(token, comment);
  else util.addTrailingComment(token, comment);
  return true;
}

function tokenAfter(file: ConcreteFile, token: TokenNode): TokenNode | undefined {
  let low = 0;
  let high = file.tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((file.tokens[middle]?.start ?? 0) <= token.start) low = middle + 1;
    else high = middle;
  }
  return file.tokens[low];
}

/** Whether a doc comment stands between two neighbouring tokens. */
function hasDoc(text: string, before: TokenNode | undefined, after: TokenNode): boolean {
  return /(?:^|[^/])\/\/\/(?!\/)/.test(text.slice(before?.end ?? 0, after.start));
}
