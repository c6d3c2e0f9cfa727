import { ExactNumber } from './exactNumber.ts';

/**
 * Ten digits are seconds, thirteen are milliseconds, with or without decimals: 2001 to 2286. Nothing else: 0 is how a
 * missing time looks, eight digits are a date, fourteen are one with its time, and read as an epoch each of them
 * would be some day nobody meant.
 */
const EPOCH = /^(\d{10}|\d{13})(?:\.(\d+))?$/;

/** The instant of an epoch time, a number or its text, as ISO in UTC; undefined when it is none. */
export function parseEpochTime(value: unknown): string | undefined {
  const text = value instanceof ExactNumber ? value.text : String(value).trim();
  const [, whole, fraction = ''] = EPOCH.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const milliseconds = whole.length === 13 ? whole : whole + fraction.slice(0, 3).padEnd(3, '0');
  return new Date(Number(milliseconds)).toISOString();
}
