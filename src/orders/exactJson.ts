import { compareNumber, parse, stringify } from 'lossless-json';

/*
 * JSON whose numbers keep their digits. `JSON.parse` reads 820982911946154508 as …500 and 1e400 as Infinity; what was
 * sent must stay on the job, and an id counts under all of its digits.
 */

/** A number of 16 characters or with an exponent, where a value may stand: shorter ones fit into a double. */
const LONG_NUMBER = /[\s:,[]-?\d(?:[\d.]{15}|[\d.]{0,14}[eE])/;
const STARTS_WITH_NUMBER = /^-?\d/;
const EXPONENT = /e/i;

/**
 * Whether a look at every number is worth it. Most texts are spared it by this one search; it also says yes to text
 * inside strings that only looks like such a number.
 */
export function mayLoseDigits(text: string): boolean {
  return LONG_NUMBER.test(text) || STARTS_WITH_NUMBER.test(text);
}

/**
 * What `JSON.parse` makes of the text, with an ExactNumber in place of every number whose digits it would lose. For
 * text that `JSON.parse` takes. Throws RangeError when it is nested deeper than some 5,000 levels.
 */
export function parseExactly(text: string): unknown {
  return parse(text, undefined, {
    parseNumber: (digits) => (losesDigits(digits) ? new ExactNumber(digits) : Number(digits)),
    // As JSON.parse does: the last one stands.
    onDuplicateKey: ({ newValue }) => newValue,
  });
}

/** JSON text of what `parseExactly` returned, every number as it was, indented by `space`. Throws RangeError like it. */
export function writeExactly(value: unknown, space?: number): string {
  return stringify(value, undefined, space, [
    { test: (part) => part instanceof ExactNumber, stringify: (part) => (part as ExactNumber).text },
  ]) as string;
}

/** `JSON.parse`, but exact where the text is not nested too deep for that. */
export function parseKeepingDigits(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!mayLoseDigits(text)) return value;
  try {
    return parseExactly(text);
  } catch {
    return value;
  }
}

/**
 * Whether the number that JavaScript makes of the text stands for another decimal. Past 2^53 it does even when its
 * digits are the same: there many whole numbers are one double, and nobody can tell any more which was sent.
 */
function losesDigits(text: string): boolean {
  if (text.length < 16 && !EXPONENT.test(text)) return false;
  const value = Number(text);
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return true;
  return compareNumber(text, String(value)) !== 0;
}

/**
 * A number of JSON whose digits a double cannot hold, standing in an order where the rounded one would stand.
 * `text` is the number as it was sent, in JSON's grammar: `820982911946154508`, `0.10000000000000000001`, `1e400`.
 */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
