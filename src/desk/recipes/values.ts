import Big from 'big.js';
import { ExactNumber, parseExactly } from '../../orders/exactJson.ts';
import { decimal, isJsonNumber, roundToMinorUnits } from '../../orders/money.ts';
import { isRecord } from '../../orders/record.ts';
import { type SumField, sentFor } from '../../orders/sumFields.ts';
import { parseEpochTime, parseTimestamp } from '../../orders/timestamp.ts';
import { Unreadable } from './changeAt.ts';

/*
 * What each kind of step makes of one value. What is right already stays as it is, and what cannot be read is refused.
 */

const COMMA = /^([+-]?(?:\d+|\d{1,3}(?:[.\u00a0\u202f ']\d{3})+)),(\d+)$/;

/** `1.234,50` → `1234.50`, as text: where a number is needed, another step makes it one. */
export function decimalComma(value: unknown, path: string): unknown {
  if (value === undefined || value === null || decimal(value)) return value;
  const [, whole, fraction] = (typeof value === 'string' && COMMA.exec(value.trim())) || [];
  if (whole === undefined) throw new Unreadable(path, 'is no number with a decimal comma');
  return `${whole.replace(/[^\d+-]/g, '')}.${fraction}`;
}

export function textToNumber(value: unknown, path: string): unknown {
  if (value === undefined || value === null || isJsonNumber(value)) return value;
  const number = typeof value === 'string' ? decimal(value) : undefined;
  if (!number) throw new Unreadable(path, 'is no text of a number');
  return numberOf(number);
}

/** A number of JSON with every digit. */
const numberOf = (number: Big): unknown => parseExactly(number.toFixed());

export function cast(value: unknown, to: 'text' | 'whole_number' | 'time', path: string): unknown {
  if (value === undefined || value === null) return value;
  if (to === 'text') return asText(value, path);
  if (to === 'time') return asTime(value, path);
  const number = decimal(value);
  if (!number?.eq(number.round(0, Big.roundDown))) throw new Unreadable(path, 'is no whole number');
  return Number.isSafeInteger(value) ? value : numberOf(number);
}

function asText(value: unknown, path: string): string {
  if (value instanceof ExactNumber) return value.text;
  if (typeof value === 'object') throw new Unreadable(path, 'is a list or an object');
  return String(value);
}

function asTime(value: unknown, path: string): unknown {
  if (typeof value === 'string' && parseTimestamp(value) !== undefined) return value;
  const since = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  const time = isJsonNumber(since) ? parseEpochTime(since) : undefined;
  if (time === undefined) throw new Unreadable(path, 'is neither ISO 8601 nor a count of seconds since 1970');
  return time;
}

/** What the items and the fields that belong to the sum come to, in cents; as it was sent when that is right. */
export function total(order: object, sumFields: readonly SumField[]): unknown {
  const { items, order_value: stated } = order as { items?: unknown; order_value?: unknown };
  if (!Array.isArray(items) || items.length === 0) throw new Unreadable('items', 'has no lines to add up');
  let sum = new Big(0);
  for (const [at, line] of items.entries()) {
    const amounts = ['quantity', 'price_per_unit'].map((name) => {
      const amount = isRecord(line) && Object.hasOwn(line, name) ? decimal(line[name]) : undefined;
      if (!amount) throw new Unreadable(`items[${at}].${name}`, 'is no number');
      return amount;
    });
    sum = sum.plus((amounts[0] as Big).times(amounts[1] as Big));
  }
  for (const field of sumFields) {
    const value = sentFor(field, order) ?? 0;
    const amount = decimal(value);
    if (!amount) throw new Unreadable(field.path.join('.'), 'is no number');
    sum = sum.plus(amount.times(field.sign));
  }
  const cents = roundToMinorUnits(sum);
  const isRight =
    isJsonNumber(stated) && decimal(stated) && roundToMinorUnits(decimal(stated) as Big).eq(cents);
  return isRight ? stated : numberOf(cents.div(100));
}

/** A number is the same however it is written; text is no number here. */
export function isSame(value: unknown, other: unknown): boolean {
  if (value === other) return true;
  if (isJsonNumber(value) && isJsonNumber(other)) {
    const [one, two] = [decimal(value), decimal(other)];
    return one !== undefined && two !== undefined && one.eq(two);
  }
  return false;
}
