import Big from 'big.js';

/**
 * The largest amount taken: 15 significant digits, the most that a JSON number carries exactly. One more digit
 * and two different amounts would arrive as the same number.
 */
export const MAX_AMOUNT = '9999999999999.99';

const PLAIN_DECIMAL = /^[+-]?\d+(\.\d+)?$/;
const MAX_DECIMAL_LENGTH = 40;

/**
 * Exact decimal of a JSON number or of plain decimal text; undefined when it is neither. Exponents in text are
 * not taken: `1e999999` would be exact too, and a megabyte long.
 */
export function decimal(value: unknown): Big | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? new Big(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (text.length > MAX_DECIMAL_LENGTH || !PLAIN_DECIMAL.test(text)) return undefined;
  return new Big(text.startsWith('+') ? text.slice(1) : text);
}

/** Whole minor units, rounded half up to the cent. */
export function roundToMinorUnits(amount: Big): Big {
  return amount.times(100).round(0, Big.roundHalfUp);
}

/** `200000` → `"2000.00"`, for messages. */
export function formatMinorUnits(minorUnits: number | Big): string {
  return new Big(minorUnits).div(100).toFixed(2);
}

/** `299999` → `2999.99`: the only place where money is a JSON number again. Exact text below 2^53 minor units. */
export function toJsonAmount(minorUnits: number): number {
  return minorUnits / 100;
}
