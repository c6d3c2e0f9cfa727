import { createHash } from 'node:crypto';

/** Of what was sent, no more is told. */
const LONGEST_TEXT = 200;
const DIGEST_LENGTH = 12;

const PLAIN = /^[\x20-\x7e]*$/;

/** Cut between characters; of what terminals and pages would obey, U+FFFD is left. */
export function shownText(text: string, longest = LONGEST_TEXT): string {
  const short = text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
  return PLAIN.test(short) ? short : short.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '\ufffd');
}

/**
 * A value as what is learned, grouped, muted and labelled of it: what cannot be shown as it is bears a digest of the whole,
 * or a label of one value would act on all that look like it, or on none. Of a key it is the key.
 */
export function keyOf(value: string, longest = LONGEST_TEXT): string {
  const text = shownText(value, longest);
  if (text === value) return value;
  const digest = createHash('sha1').update(value).digest('hex').slice(0, DIGEST_LENGTH);
  return `${shownText(value, longest - DIGEST_LENGTH - 1)} ${digest}`;
}
