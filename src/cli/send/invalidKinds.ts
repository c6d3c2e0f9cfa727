import { MAX_ID_LENGTH } from '../../orders/ids.ts';
import type { Refusal } from '../../orders/invalidOrder.ts';
import type { Random } from './random.ts';
import type { Shop } from './shop.ts';
import type { ItemEvent, OrderEvent, ShopOrder } from './shopOrder.ts';

/** Turns a valid order into a message body that must be refused for exactly one reason. */
type Spoil = (event: OrderEvent, random: Random, currency: string) => string;

const json = (value: unknown): string => JSON.stringify(value);

/** The event with some fields replaced; undefined leaves one out. */
const changed = (fields: Partial<Record<keyof OrderEvent, unknown>>): Spoil => {
  return (event) => json({ ...event, ...fields });
};

const firstItem = (fields: Partial<Record<keyof ItemEvent, unknown>>): Spoil => {
  return (event) => json({ ...event, items: [{ ...event.items[0], ...fields }, ...event.items.slice(1)] });
};

/** At least one kind per reason that a single message can be refused for; dealt in this order, then again. */
export const SPOILERS: Record<Exclude<Refusal, 'conflicting_duplicate'>, readonly [Spoil, ...Spoil[]]> = {
  invalid_json: [
    (event) => json(event).slice(0, -2),
    (event) => `order ${event.order_id} for ${event.user_id.trim()}`,
    (event) => json(event).replaceAll('"', "'"),
    (event) => json({ ...event, order_value: 0 }).replace('"order_value":0', '"order_value":NaN'),
    (event) => `${json(event)}}`,
  ],
  not_an_object: [
    (event) => json([event]),
    () => 'null',
    // One layer of text may be taken off, two are nobody's order.
    (event) => json(json(json(event))),
    (event) => String(event.order_value),
    () => 'true',
  ],
  missing_field: [
    changed({ user_id: undefined }),
    changed({ order_id: undefined }),
    changed({ order_value: undefined }),
    firstItem({ price_per_unit: undefined }),
    firstItem({ product_id: undefined }),
    firstItem({ quantity: undefined }),
    changed({ user_id: null }),
  ],
  wrong_type: [
    (event) => json({ ...event, order_value: String(event.order_value) }),
    (event) => json({ ...event, items: json(event.items) }),
    (event) => json({ ...event, user_id: { id: event.user_id } }),
    firstItem({ quantity: 'two' }),
    (event) => json({ ...event, items: [event.items[0]?.product_id, ...event.items.slice(1)] }),
  ],
  out_of_range: [
    changed({ order_value: -5 }),
    firstItem({ quantity: 0 }),
    changed({ order_value: 1e300 }),
    firstItem({ price_per_unit: -1 }),
    firstItem({ quantity: 1.5 }),
    (event) => json({ ...event, order_id: `${event.order_id}\u0000` }),
  ],
  bad_timestamp: [
    changed({ order_timestamp: 'yesterday' }),
    changed({ order_timestamp: '2025-02-30T10:00:00Z' }),
    changed({ order_timestamp: '16/12/2024 13:00' }),
    changed({ order_timestamp: '2025-01-15T25:10:00Z' }),
  ],
  no_items: [changed({ items: [] })],
  order_value_mismatch: [
    (event) => json({ ...event, order_value: (Math.round(event.order_value * 100) + 1) / 100 }),
    (event) => json({ ...event, order_value: (Math.round(event.order_value * 100) + 500) / 100 }),
    (event) => json({ ...event, items: [...event.items, event.items[0]] }),
  ],
  currency_mismatch: [
    (event, _random, currency) => json({ ...event, currency: currency === 'EUR' ? 'USD' : 'EUR' }),
    (event, _random, currency) => json({ ...event, currency: currency === 'GBP' ? 'CHF' : 'GBP' }),
  ],
  too_large: [
    // Trimmed first: outer blanks do not count towards the length.
    (event, random) => {
      const id = `${event.order_id}`.trim();
      return json({ ...event, order_id: id.padEnd(MAX_ID_LENGTH + 1 + random.below(80), '0') });
    },
    (event, random) => json({ ...event, user_id: 'U'.repeat(MAX_ID_LENGTH + 1 + random.below(80)) }),
  ],
};

/**
 * The same order again with other items at the same total, placed at the same time. SQS keeps no order, so the
 * pipeline may count either one and must refuse the other; equal totals make both endings give the same stats.
 * `turn` picks the kind of change.
 */
export function conflictWith(original: ShopOrder, turn: number, shop: Shop): string {
  const { event, cents } = original;
  const [first, ...rest] = event.items as [ItemEvent, ...ItemEvent[]];
  const other = shop.otherProduct(first.product_id);
  const kinds: ItemEvent[][] = [
    [{ product_id: other.id, quantity: 1, price_per_unit: cents / 100 }],
    [{ ...first, product_id: other.id }, ...rest],
    [...event.items, { product_id: other.id, quantity: 1, price_per_unit: 0 }],
  ];
  return json({ ...event, items: kinds[turn % kinds.length] });
}
