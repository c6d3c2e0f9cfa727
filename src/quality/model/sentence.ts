import { visible } from '../../runtime/visibleText.ts';
import { unmarked } from './redact.ts';

const LONGEST = 240;
/** What somebody might follow, copy or render. */
const MORE_THAN_WORDS = /https?:|www\.|[<>@`]|\]\(|\d{7,}/i;
const LETTERS = /\p{L}/gu;
const LATIN = /\p{Script=Latin}/gu;

/**
 * What a model says in words, on one line, as a person may be shown it: it may have read a stranger's text, so a link, an
 * address or markup in it is nobody's business here. Undefined when nothing is left, or it is in another script.
 */
export function plainSentence(text: string, mark: string): string | undefined {
  const line = visible(unmarked(text, mark).replace(/\s+/g, ' ').trim());
  const letters = line.match(LETTERS)?.length ?? 0;
  const latin = line.match(LATIN)?.length ?? 0;
  if (letters === 0 || latin < letters * 0.9 || MORE_THAN_WORDS.test(line)) return undefined;
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
