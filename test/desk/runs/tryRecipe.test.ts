import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { tryRecipe } from '../../../src/desk/runs/tryRecipe.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';
import { COMMA, fail, partsOf, priced } from './failing.ts';

describe('a try of a recipe', () => {
  let workers: TestWorkers;
  beforeEach(async () => {
    workers = await testWorkers(3);
    await workers.start();
  });
  afterEach(() => workers.stop());

  it('says what would count, what is a duplicate, what still fails and why, and what it is worth; and writes nothing', async () => {
    const good = priced(1, 1.5);
    await fail(
      workers,
      [
        good,
        {
          ...good,
          order_id: 'O2',
          order_value: 9,
          items: [{ product_id: 'P', quantity: 1, price_per_unit: 9 }],
        },
        priced(1),
        { ...priced(2), user_id: 'U1' },
        priced(3),
        priced(4),
        priced(4),
        priced(5, '5,5', { currency: 'EUR' }),
        priced(6, 'six'),
        null,
      ],
      8,
    );
    const redis = workers.redis.client();
    const before = await everything(redis);
    const tried = await tryRecipe(partsOf(workers), {}, COMMA);
    expect(tried).toMatchObject({
      orders: 8,
      before: { orders: 8, minorUnits: 150 + 250 + 350 + 450 + 450 + 550 + 650, unknown: 1 },
      wouldCount: { orders: 2, minorUnits: 350 + 450 },
      duplicates: { orders: 2, minorUnits: 150 + 450 },
      stillFail: { orders: 4 },
    });
    expect(tried.stillFail.reasons.map(({ reason, path, orders }) => [reason, path, orders]).sort()).toEqual([
      ['conflicting_duplicate', 'order_id', 1],
      ['currency_mismatch', 'currency', 1],
      ['unreadable', '', 1],
      ['unreadable', 'items[*].price_per_unit', 1],
    ]);
    expect(tried.diffs).toHaveLength(3);
    expect(tried.diffs[0]).toMatchObject({
      changes: [
        {
          path: 'items[0].price_per_unit',
          before: expect.stringMatching(/,5/),
          after: expect.stringMatching(/\.5/),
        },
      ],
    });
    expect(await everything(redis)).toEqual(before);
  });

  it('takes the orders that match alone, and without a recipe judges them as they are', async () => {
    await fail(workers, [priced(1), priced(2, null), priced(3, 3.5, { currency: 'EUR' })]);
    const parts = partsOf(workers);
    expect(await tryRecipe(parts, { reason: 'wrong_type' }, COMMA)).toMatchObject({
      orders: 1,
      wouldCount: { orders: 1 },
    });
    expect(await tryRecipe(parts, {}, undefined)).toMatchObject({
      orders: 3,
      stillFail: { orders: 3 },
      diffs: [],
    });
    const rules = {
      ...parts.rules,
      parse: (value: unknown, at: string) => parts.rules.parse({ ...(value as object), currency: 'USD' }, at),
    };
    expect(await tryRecipe({ ...parts, rules }, {}, undefined)).toMatchObject({
      wouldCount: { orders: 1, minorUnits: 350 },
    });
  });
});

async function everything(
  redis: ReturnType<TestWorkers['redis']['client']>,
): Promise<Record<string, unknown>> {
  const keys = (await redis.keys('*'))
    .filter((key) => !/:(stalled-check|marker|stalled|pass)$/.test(key))
    .sort();
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  return Object.fromEntries(keys.map((key, at) => [key, dumps[at]?.toString('base64')]));
}
