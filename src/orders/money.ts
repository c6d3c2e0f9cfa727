import Big from 'big.js';
import { ExactNumber } from './exactJson.ts';

/**
 * The largest single amount taken, of whatever is no total: 15 significant digits, the most that a JSON number carries
 * exactly. One more digit and two different amounts would arrive as the same number.
 */
export const MAX_AMOUNT = '9999999999999.99';

/**
 * The room of every total: 2^46 units of the currency, in minor units. Up to there a double carries every cent, so
 * a total is exact wherever it goes, or there is none: what would pass it is not recorded.
 */
export const TOTAL_ROOM = 7_036_874_417_766_400;

const PLAIN_DECIMAL = /^[+-]?\d+(\.\d+)?$/;
const MAX_DECIMAL_LENGTH = 40;
const EXPONENT = /[eE]([+-]?\d+)$/;
const MAX_EXPONENT = 40;

/**
 * Exact decimal of a JSON number or of plain decimal text; undefined when it is neither, or longer than any amount:
 * `1e999999` would be exact too, and a megabyte long. Exponents in text are not taken.
 */
export function decimal(value: unknown): Big | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? new Big(value) : undefined;
  if (value instanceof ExactNumber) return isShort(value.text) ? new Big(value.text) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (text.length > MAX_DECIMAL_LENGTH || !PLAIN_DECIMAL.test(text)) return undefined;
  return new Big(text.startsWith('+') ? text.slice(1) : text);
}

/** Whether it was sent as a number, also as one that is no amount. */
export const isJsonNumber = (value: unknown): value is number | ExactNumber =>
  typeof value === 'number' || value instanceof ExactNumber;

function isShort(text: string): boolean {
  return text.length <= MAX_DECIMAL_LENGTH && Math.abs(Number(EXPONENT.exec(text)?.[1] ?? 0)) <= MAX_EXPONENT;
}

/** Whole minor units, rounded half up to the cent. */
export function roundToMinorUnits(amount: Big): Big {
  return amount.times(100).round(0, Big.roundHalfUp);
}

/** `200000` → `"2000.00"`, for messages. */
export function formatMinorUnits(minorUnits: number | Big): string {
  return new Big(minorUnits).div(100).toFixed(2);
}

/** `299999` → `2999.99`: the only place where money is a JSON number again. Exact text up to TOTAL_ROOM. */
export function toJsonAmount(minorUnits: number): number {
  return minorUnits / 100;
}

/** What an order is worth on average, minor units, half up. In whole numbers: a quotient near the half would be rounded twice. */
export function averageOf({ orders, minorUnits }: { orders: number; minorUnits: number }): number {
  if (orders === 0) return 0;
  const rest = minorUnits % orders;
  return (minorUnits - rest) / orders + (2 * rest >= orders ? 1 : 0);
}
