import Big from 'big.js';
import { decimal, roundToMinorUnits, TOTAL_ROOM } from './money.ts';
import { isRecord } from './record.ts';

/** An order of more lines is refused whatever they say, and adding them up would hold up the others. */
const MOST_LINES = 10_000;

/**
 * What an order that cannot be counted says it is worth, in minor units: its order_value when that is numeric, as a
 * number or as text, else the sum of its items. Undefined when neither tells. A negative amount tells nothing, nor does
 * one past the room of a total.
 */
export function statedMinorUnits(order: unknown): number | undefined {
  if (!isRecord(order)) return undefined;
  const value = decimal(order.order_value);
  return (value && minorUnits(value)) ?? sumOf(order.items);
}

function sumOf(items: unknown): number | undefined {
  if (!Array.isArray(items) || items.length === 0 || items.length > MOST_LINES) return undefined;
  let sum = new Big(0);
  for (const item of items) {
    const quantity = isRecord(item) ? decimal(item.quantity) : undefined;
    const price = isRecord(item) ? decimal(item.price_per_unit) : undefined;
    if (!quantity || !price) return undefined;
    sum = sum.plus(quantity.times(price));
  }
  return minorUnits(sum);
}

function minorUnits(amount: Big): number | undefined {
  const rounded = roundToMinorUnits(amount);
  return rounded.lt(0) || rounded.gt(TOTAL_ROOM) ? undefined : rounded.abs().toNumber();
}
