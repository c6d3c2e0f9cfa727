import Big from 'big.js';
import type { Accepted } from './accepts.ts';
import type { Fail } from './fieldFaults.ts';
import { type IdCase, idFault, idText, MAX_ID_LENGTH, normaliseId } from './ids.ts';
import { decimal, isJsonNumber } from './money.ts';
import { parseEpochTime, parseTimestamp, timestampFault } from './timestamp.ts';

/*
 * The rule of each field of an order. A reader returns what the field means, or what `fail` makes of its fault.
 */

export function readId(value: unknown, idCase: IdCase, fail: Fail): string {
  const text = idText(value);
  if (text === undefined) {
    return typeof value === 'number' && Number.isInteger(value)
      ? fail('out_of_range', 'is too long for a JSON number: send it as a string', 'string')
      : fail('wrong_type', 'must be a string', 'string');
  }
  const id = normaliseId(text, idCase);
  const fault = idFault(id);
  switch (fault?.kind) {
    case 'blank':
      return fail('missing_field', 'must not be empty', 'non-empty string');
    case 'too_long':
      return fail(
        'too_large',
        `must be at most ${MAX_ID_LENGTH} characters`,
        `≤ ${MAX_ID_LENGTH} characters`,
      );
    case 'forbidden_character':
      return fail('out_of_range', 'must not contain control characters or broken Unicode');
    case 'invisible_character':
      return fail('out_of_range', `must not contain the invisible character ${fault.character}`);
    case undefined:
      return id;
  }
}

/** `most`: in units of the currency, as text. */
export function readAmount(value: unknown, most: string, fail: Fail): Big {
  const amount = decimal(value);
  if (!amount) {
    return isJsonNumber(value)
      ? fail('out_of_range', `must be at most ${most}, written in at most 40 characters`, `0 to ${most}`)
      : fail('wrong_type', 'must be a number', 'number');
  }
  if (amount.s < 0 && !amount.eq(0)) return fail('out_of_range', 'must not be negative', '≥ 0');
  if (amount.gt(most)) return fail('out_of_range', `must be at most ${most}`, `0 to ${most}`);
  // JSON can say -0; a total of -0 would differ from 0 wherever numbers are compared or printed.
  return amount.s < 0 ? amount.abs() : amount;
}

/** A string is refused even when it reads as a number, unless accepted: the total is what a sender must type. */
export function readOrderValue(
  value: unknown,
  most: string,
  accepts: ReadonlySet<Accepted>,
  fail: Fail,
): Big {
  return typeof value === 'string' && !accepts.has('text_value')
    ? fail('wrong_type', 'must be a JSON number', 'number')
    : readAmount(value, most, fail);
}

/** The most that a quantity with three decimals can be as a double without losing one of them. */
const MOST_FRACTIONAL = 1e12;

export function readQuantity(value: unknown, accepts: ReadonlySet<Accepted>, fail: Fail): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  const fractional = accepts.has('fractional_quantity');
  const kind = fractional ? 'number of at most 3 decimals' : 'whole number';
  const amount = decimal(value);
  if (!amount && !isJsonNumber(value)) return fail('wrong_type', `must be a ${kind}`, kind);
  if (amount?.eq(0) && accepts.has('zero_quantity')) return 0;
  const quantity = amount?.toNumber();
  if (!amount || quantity === undefined || quantity <= 0 || !isExact(quantity, amount, fractional)) {
    return fail('out_of_range', `must be a ${kind} greater than 0`, '> 0');
  }
  return quantity;
}

function isExact(quantity: number, amount: Big, fractional: boolean): boolean {
  if (Number.isSafeInteger(quantity)) return amount.eq(quantity);
  return fractional && quantity < MOST_FRACTIONAL && amount.round(3, Big.roundDown).eq(amount);
}

export function readList(value: unknown, maxItems: number, fail: Fail): unknown[] {
  if (!Array.isArray(value)) return fail('wrong_type', 'must be an array', 'array');
  if (value.length === 0) return fail('no_items', 'must have at least one item', '≥ 1 item');
  if (value.length > maxItems) {
    return fail(
      'too_large',
      `has ${value.length} items, at most ${maxItems} are taken`,
      `≤ ${maxItems} items`,
    );
  }
  return value;
}

export function readTimestamp(value: unknown, accepts: ReadonlySet<Accepted>, fail: Fail): string {
  const epochToo = accepts.has('epoch_time');
  if (typeof value !== 'string' && !(epochToo && isJsonNumber(value))) {
    return fail('wrong_type', 'must be an ISO 8601 string', 'ISO 8601 string');
  }
  const instant =
    (typeof value === 'string' ? parseTimestamp(value) : undefined) ??
    (epochToo ? parseEpochTime(value) : undefined);
  if (instant !== undefined) return instant;
  return typeof value === 'string'
    ? fail('bad_timestamp', timestampFault(value), 'ISO 8601')
    : fail('bad_timestamp', 'has neither the 10 digits of seconds nor the 13 of milliseconds', 'since 1970');
}

export function readCurrency(value: unknown, currency: string, fail: Fail): string {
  if (typeof value !== 'string') return fail('wrong_type', 'must be a string', currency);
  const code = value.trim().toUpperCase();
  return code === currency ? code : fail('currency_mismatch', `must be ${currency}`, currency);
}

/** Spelled like an id, though anything may be in it: nothing is looked up by it. */
export function readPaymentMethod(value: unknown, fail: Fail): string {
  return typeof value === 'string'
    ? normaliseId(value, 'upper')
    : fail('wrong_type', 'must be a string', 'string');
}

export function readText(value: unknown, fail: Fail, options?: { personal?: boolean }): string {
  return typeof value === 'string' ? value.trim() : fail('wrong_type', 'must be a string', 'string', options);
}
