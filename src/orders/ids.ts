export type IdCase = 'upper' | 'preserve';

export const MAX_ID_LENGTH = 128;

/**
 * The one spelling of an id that is counted, looked up and partitioned by. The bridge, the worker and the API
 * all call this: if they disagreed, an order would land in a partition where its user is never read.
 */
export function normaliseId(id: string, idCase: IdCase): string {
  const trimmed = id.trim();
  return idCase === 'upper' ? trimmed.toUpperCase() : trimmed;
}

/** A whole number is taken as its text. Anything past 2^53 has already lost digits in JSON, so it is no id. */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

/** Control characters hide in logs and keys; a lone surrogate turns into U+FFFD in Redis and merges users. */
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

export type IdFault = 'blank' | 'too_long' | 'forbidden_character';

/** What is wrong with a normalised id, if anything. Length is in characters (code points). */
export function idFault(id: string): IdFault | undefined {
  if (id === '') return 'blank';
  if (id.length > MAX_ID_LENGTH && [...id].length > MAX_ID_LENGTH) return 'too_long';
  return FORBIDDEN.test(id) ? 'forbidden_character' : undefined;
}
