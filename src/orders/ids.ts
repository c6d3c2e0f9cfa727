import { ExactNumber } from './exactJson.ts';
import { invisibleIn, trimInvisible } from './invisible.ts';

export type IdCase = 'upper' | 'preserve';

export const MAX_ID_LENGTH = 128;

/** Nearly all ids; nothing of Unicode's rules changes them. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * The one spelling of an id that is counted, looked up and partitioned by. The bridge, the worker and the API
 * all call this: if they disagreed, an order would land in a partition where its user is never read. Composed (NFC)
 * before and after the change of case, so that whoever spells a spelled id again gets the same.
 */
export function normaliseId(id: string, idCase: IdCase): string {
  if (PLAIN.test(id)) return idCase === 'upper' ? id.trim().toUpperCase() : id.trim();
  const trimmed = trimInvisible(id.normalize('NFC'));
  return (idCase === 'upper' ? trimmed.toUpperCase() : trimmed).normalize('NFC');
}

/**
 * A whole number is taken as its text, with every digit that was sent. As a plain number past 2^53 it is none: it was
 * rounded by somebody who read the order, and would name another order than the sender's.
 */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof ExactNumber) return wholeDigits(value.text);
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** No id comes near; what is longer is not taken apart to see whether it is whole. */
const MAX_NUMBER_LENGTH = 4 * MAX_ID_LENGTH;
const DIGITS = /^-?\d+$/;
const JSON_NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** `12e20` and `1200000000000000000000.0` are the same number, so they are the same id; undefined for a fraction. */
function wholeDigits(text: string): string | undefined {
  if (DIGITS.test(text)) return text;
  if (text.length > MAX_NUMBER_LENGTH) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = JSON_NUMBER.exec(text) ?? [];
  const decimals = fraction.replace(/0+$/, '');
  const zeros = Number(exponent) - decimals.length;
  // Longer than any id: its zeros need not be written out to know that.
  if (whole === '' || zeros < 0 || zeros > MAX_ID_LENGTH) return undefined;
  const digits = `${whole}${decimals}${'0'.repeat(zeros)}`.replace(/^0+(?=\d)/, '');
  return `${sign}${digits}`;
}

/** Control characters hide in logs and keys; a lone surrogate turns into U+FFFD in Redis and merges users. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

export type IdFault =
  | { kind: 'blank' | 'too_long' | 'forbidden_character' }
  /** `character` is told by number and name: nobody would find it otherwise. */
  | { kind: 'invisible_character'; character: string };

/** What is wrong with a normalised id, if anything. Length is in characters (code points). */
export function idFault(id: string): IdFault | undefined {
  if (id === '') return { kind: 'blank' };
  if (id.length > MAX_ID_LENGTH && [...id].length > MAX_ID_LENGTH) return { kind: 'too_long' };
  if (PLAIN.test(id)) return undefined;
  if (FORBIDDEN.test(id)) return { kind: 'forbidden_character' };
  const character = invisibleIn(id);
  return character === undefined ? undefined : { kind: 'invisible_character', character };
}
