import { distance } from 'fastest-levenshtein';

/** The one of some words that a word is with at most two letters wrong, missing or too many (two swapped are two). */
export function closestTo(word: string, words: readonly string[]): string | undefined {
  const most = Math.min(2, Math.floor(word.length / 3));
  const near = words
    .map((each) => ({ each, edits: distance(word, each) }))
    .filter(({ edits }) => edits <= most);
  const least = Math.min(...near.map(({ edits }) => edits));
  const best = near.filter(({ edits }) => edits === least);
  return best.length === 1 ? best[0]?.each : undefined;
}
