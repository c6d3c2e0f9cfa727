import type { Redis } from 'ioredis';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import type { Finding, Fix } from '../../src/quality/finding.ts';
import type { GroupToReview } from '../../src/quality/model/opinion.ts';
import { type ModelOptions, openReviewer } from '../../src/quality/model/reviewer.ts';
import { collectingLogger } from './collectingLogger.ts';
import { anOrder, RULES } from './orders.ts';

const parse = makeParseOrder(RULES);

/** Prices of at least this: what the checks would find below it, they have not seen. */
const CHEAPEST = 0.5;

/** The rules of orders, and one check beside them. */
export const mends = (order: unknown, fix: readonly Fix[]): boolean => {
  const mended = fix.reduce((value, edit) => withEdit(value, edit), structuredClone(order));
  try {
    return parse(mended, '2026-01-01T00:00:00Z').items.every(
      ({ pricePerUnit }) => Number(pricePerUnit) >= CHEAPEST,
    );
  } catch {
    return false;
  }
};

function withEdit(order: unknown, { path, value }: Fix): unknown {
  const parts = path.split(/[.[\]]+/).filter((part) => part !== '');
  const last = parts.pop() as string;
  // biome-ignore lint/suspicious/noExplicitAny: any order
  const holder = parts.reduce<any>((held, part) => held[part], order);
  holder[last] = value;
  return order;
}

export const options = (baseUrl: string, changes: Partial<ModelOptions> = {}): ModelOptions => ({
  baseUrl,
  name: 'test-model',
  apiKey: 'secret-key',
  price: { input: 0.75, output: 4.5 },
  dailyDollars: 100,
  dailyTokens: 100_000_000,
  timeoutMs: 30_000,
  wholeAddresses: false,
  ...changes,
});

export function reviewing(
  redis: Redis,
  baseUrl: string,
  changes: Partial<ModelOptions> = {},
  now = Date.now,
) {
  const { logger, lines } = collectingLogger();
  const reviewer = openReviewer({ config: options(baseUrl, changes), redis, log: logger, mends, now });
  return { reviewer, lines };
}

/** A group with a price a hundred times too high, of which the product's number tells it from others. */
export function aGroup(
  number: number,
  changes: Partial<Finding> = {},
  order = wrongOrder(number),
): GroupToReview {
  return {
    id: `group-${number}`,
    finding: {
      rule: 'price_far_from_known',
      version: 1,
      path: 'items[0].price_per_unit',
      key: `P${number}`,
      severity: 'warn',
      observed: '1990',
      expected: '18.5 to 21',
      from: 240,
      confidence: 0.9,
      ...changes,
    },
    count: 3,
    samples: [{ ref: `message-${number}`, order }],
  };
}

export const wrongOrder = (number: number, changes: Record<string, unknown> = {}) =>
  anOrder({
    order_id: `ORD${7_000_000 + number}`,
    user_id: `jane.doe.${number}@example.org`,
    order_value: 3980,
    items: [{ product_id: `P${number}`, quantity: 2, price_per_unit: 1990 }],
    shipping_address: `${number} Evergreen Terrace, Springfield, USA`,
    ...changes,
  });
