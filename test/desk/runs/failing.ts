import type { TryParts } from '../../../src/desk/runs/tryRecipe.ts';
import { makeParseOrder } from '../../../src/orders/parseOrder.ts';
import { readFailures } from '../../../src/queue/failures/readFailures.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../../src/runtime/limits.ts';
import { anOrder, RULES } from '../../support/orders.ts';
import { until } from '../../support/until.ts';
import type { TestWorkers } from '../../worker/workers.ts';

/** An order that is refused for its price, and counts for that once its comma is a point. */
export const priced = (n: number, price: unknown = `${n},50`, more: Record<string, unknown> = {}) =>
  anOrder({
    order_id: `O${n}`,
    user_id: `U${n % 7}`,
    order_value: n + 0.5,
    items: [{ product_id: 'P', quantity: 1, price_per_unit: price }],
    ...more,
  });

export const COMMA = {
  version: 1 as const,
  steps: [{ do: 'decimal_comma' as const, at: 'items[*].price_per_unit' }],
};

export const partsOf = ({ redis, partitions }: TestWorkers): TryParts => ({
  redis: redis.client(),
  partitions,
  rules: {
    parse: makeParseOrder(RULES),
    reading: { envelope: 'auto', maxBodyBytes: DEFAULT_MAX_BODY_BYTES },
    sumFields: RULES.sumFields,
    idCase: RULES.idCase,
  },
  ledgerRetentionDays: 35,
  currency: RULES.currency,
});

/** Adds orders as jobs named j0, j1, …, and resolves when all that are refused stand in the index. */
export async function fail(
  workers: TestWorkers,
  orders: readonly unknown[],
  refused = orders.length,
  from = 0,
) {
  for (const [at, order] of orders.entries()) await workers.add(`j${from + at}`, order);
  await indexed(workers, refused);
}

export const indexed = (workers: TestWorkers, orders: number) =>
  until(
    async () => (await readFailures(workers.redis.client(), workers.partitions.all)).orders === orders,
    `${orders} orders are in the index`,
  );
