import { ExactNumber } from '../../orders/exactJson.ts';
import { isRecord } from '../../orders/record.ts';
import { parseEpochTime, parseTimestamp } from '../../orders/timestamp.ts';
import { shapeOf } from '../../queue/failures/shape.ts';
import type { Container } from '../wrapper.ts';

const FEATURES = [
  'order_id_prefix',
  'order_id_shape',
  'payment_method',
  'product_id',
  'hour',
  'currency',
] as const;
type FeatureName = (typeof FEATURES)[number];

/** What more than half of some orders have in common. */
export interface Feature {
  name: FeatureName;
  value: string;
  /** How many have it, of how many looked at. */
  orders: number;
  of: number;
}

const LONGEST_VALUE = 100;
const LINES_LOOKED_AT = 100;
const SHORTEST_PREFIX = 2;

/** What an order says under each name; a name may stand for several values, as products do. */
const READERS: Record<FeatureName, (order: Container) => unknown[]> = {
  order_id_prefix: ({ order_id: id }) => prefixOf(textOf(id)),
  order_id_shape: ({ order_id: id }) => [textOf(id) && shapeOf(id)],
  payment_method: ({ payment_method: method }) => [method],
  product_id: ({ items }) =>
    Array.isArray(items)
      ? items.slice(0, LINES_LOOKED_AT).map((line) => (isRecord(line) ? line.product_id : undefined))
      : [],
  hour: ({ order_timestamp: time }) => [hourOf(time)],
  currency: ({ currency }) => [currency],
};

/**
 * Where orders that fail alike may come from: the beginning and the look of their ids, how they were paid, a product, the
 * hour they were placed (UTC), their currency. What most have; nothing of a single order, which has everything in common
 * with itself.
 */
export function sharedFeatures(orders: readonly unknown[]): Feature[] {
  const of = orders.length;
  if (of < 2) return [];
  return FEATURES.flatMap((name) => {
    const counts = new Map<string, number>();
    for (const order of orders.filter(isRecord)) {
      const values = READERS[name](order).flatMap((value) => textOf(value) ?? []);
      for (const value of new Set(values)) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts]
      .filter(([, count]) => count > of / 2)
      .sort((a, b) => b[1] - a[1])
      .map(([value, count]) => ({ name, value, orders: count, of }));
  });
}

/** Undefined for what is neither text nor a number, and for nothing. */
function textOf(value: unknown): string | undefined {
  if (value instanceof ExactNumber) return value.text.slice(0, LONGEST_VALUE);
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value).slice(0, LONGEST_VALUE).replace(/\p{C}/gu, '\ufffd').trim();
  return text === '' ? undefined : text;
}

/** What stands before the first digit, where that is not all of it. */
function prefixOf(id: string | undefined): string[] {
  const prefix = /^(\P{Nd}+)\p{Nd}/u.exec(id ?? '')?.[1] ?? '';
  return prefix.length < SHORTEST_PREFIX ? [] : [prefix];
}

function hourOf(time: unknown): string | undefined {
  const instant = (typeof time === 'string' ? parseTimestamp(time) : undefined) ?? parseEpochTime(time);
  return instant && `${instant.slice(0, 13)}:00Z`;
}
