import { distance } from "fastest-levenshtein";

/**
 * The nearest of `known` to `word`, without regard to case, if it is near enough to be meant: about one slip in three letters.
 * Letters in the wrong order are one slip.
 */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const d = slips(word.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

function slips(word: string, candidate: string): number {
  const count = distance(word, candidate);
  return count === 2 && sortLetters(word) === sortLetters(candidate) ? 1 : count;
}

function sortLetters(word: string): string {
  return [...word].toSorted().join("");
}
