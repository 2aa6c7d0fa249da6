/**
 * Text from outside made safe to show: a terminal that prints the result does nothing but print. Spec texts and file names can
 * hold escape sequences (ECMA-48: C0 and C1 controls), invisible characters and changes of direction (Unicode UAX #9, UTS #39).
 */

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Replaces control, format and line-separating characters and lone surrogates by `\u{…}`; line ends and tabs too. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}

/** The same line by line: line ends stay. For texts of our own that may have several lines. */
export function visibleLines(text: string): string {
  return text.split("\n").map(visible).join("\n");
}

/** The same for text that is JSON already: what it escapes can only stand inside strings there, line ends between tokens are kept. */
export function visibleJson(json: string): string {
  return json.replace(unsafe, (character) => (character === "\n" ? character : escapeUnits(character)));
}

function escapeUnits(character: string): string {
  let escaped = "";
  for (let i = 0; i < character.length; i++) escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  return escaped;
}
