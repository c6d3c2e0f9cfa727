import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import type { Order } from '../../src/orders/order.ts';
import { GRANULARITIES, type Granularity } from '../../src/stats/figures.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { daysFrom, nameOf } from './rangeModel.ts';
import { endings, order, recorder } from './recording.ts';

const USERS = ['U1', 'U2', 'U3', 'Ü', '😀'];
const DAYS = [
  '2023-12-31',
  '2024-01-01',
  '2024-01-31',
  '2024-02-01',
  '2024-02-28',
  '2024-02-29',
  '2024-03-01',
  '2024-12-31',
  '2025-02-28',
  '2025-03-01',
];

const anOrder = fc
  .record({
    userId: fc.constantFrom(...USERS),
    orderId: fc.constantFrom('O1', 'O2', 'O3', 'O4'),
    minorUnits: fc.constantFrom(0, 1, 250, 250_000),
    day: fc.constantFrom(...DAYS),
    paymentMethod: fc.constantFrom(undefined, undefined, 'CASH'),
    productId: fc.constantFrom('P1', 'P1', 'P1', 'P2'),
  })
  .map(({ productId, ...changes }) =>
    order({
      ...changes,
      items: [{ productId, quantity: 1, pricePerUnit: String(changes.minorUnits / 100) }],
    }),
  );

/** Any list of orders, cut into batches anywhere, with a good chance of the very same order again. */
const batches = fc
  .array(fc.array(anOrder, { maxLength: 12 }), { maxLength: 8 })
  .chain((lists) => fc.tuple(fc.constant(lists), fc.shuffledSubarray(lists)))
  .map(([first, again]) => [...first, ...again]);

const range = fc.tuple(fc.constantFrom(...DAYS), fc.constantFrom(...DAYS)).map((days) => days.sort());

/** What makes two orders the same: shops send more fields than anybody counts. */
const countedOf = ({ paymentMethod: _, ...counted }: Order): string => JSON.stringify(counted);

/** The same rules without Redis: the first event of an identity counts, an equal one later is a duplicate. */
function model(orders: readonly Order[]) {
  const first = new Map<string, Order>();
  const outcomes = orders.map((one) => {
    const identity = `${one.userId}/${one.orderId}`;
    const known = first.get(identity);
    if (!known) first.set(identity, one);
    if (!known) return 'counted';
    return countedOf(known) === countedOf(one) ? 'duplicate' : 'conflict';
  });
  const counted = [...first.values()];
  const total = (some: Order[]) => ({
    orders: some.length,
    minorUnits: some.reduce((sum, one) => sum + one.minorUnits, 0),
  });
  const users = USERS.filter((userId) => counted.some((one) => one.userId === userId)).map((userId) => ({
    userId,
    ...total(counted.filter((one) => one.userId === userId)),
  }));
  const descending = (a: string, b: string) => Buffer.compare(Buffer.from(b), Buffer.from(a));
  return {
    outcomes,
    global: { ...total(counted), users: users.length },
    users,
    spenders: users
      .toSorted((a, b) => b.minorUnits - a.minorUnits || descending(a.userId, b.userId))
      .map(({ userId, minorUnits }) => ({ userId, minorUnits })),
    buyers: users
      .toSorted((a, b) => b.orders - a.orders || descending(a.userId, b.userId))
      .map(({ userId, orders: count }) => ({ userId, orders: count })),
    usersSeries: (granularity: Granularity, start: string, end: string) => {
      const usersOf = (some: Order[]) => new Set(some.map(({ userId }) => userId)).size;
      // By arrival: the first that was counted for each user.
      const firsts = USERS.flatMap((userId) => counted.find((one) => one.userId === userId) ?? []);
      const within = (period: string) => (one: Order) => nameOf(granularity, one.day) === period;
      return [...new Set(daysFrom(start, end).map((day) => nameOf(granularity, day)))].map((period) => ({
        period,
        users: usersOf(counted.filter(within(period))),
        newUsers: firsts.filter(within(period)).length,
      }));
    },
    between: (start: string, end: string) => total(counted.filter(({ day }) => day >= start && day <= end)),
  };
}

describe('any list of orders, in any order, with any duplication, in any batches', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());

  it('gives the totals of a plain model in memory, over one partition or four', async () => {
    await fc.assert(
      fc.asyncProperty(
        batches,
        fc.integer({ min: 1, max: 4 }),
        fc.array(range, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 6 }),
        async (lists, partitionCount, ranges, limit) => {
          await redis.flushall();
          const partitions = makePartitions(partitionCount);
          const record = recorder(redis, partitions);
          const outcomes: string[] = [];
          for (const list of lists) outcomes.push(...(await endings(record, list)));

          const expected = model(lists.flat());
          const read = makeReadStats(redis, partitions);
          expect(outcomes).toEqual(expected.outcomes);
          expect(await read.global()).toEqual(expected.global);
          expect(await read.duplicates()).toBe(outcomes.filter((one) => one === 'duplicate').length);
          expect(await read.topSpenders(limit)).toEqual(expected.spenders.slice(0, limit));
          expect(await read.topBuyers(limit)).toEqual(expected.buyers.slice(0, limit));
          const found = await Promise.all(expected.users.map(({ userId }) => read.user(userId)));
          expect(found).toEqual(expected.users.map(({ userId: _, ...totals }) => totals));
          for (const [start = '', end = ''] of ranges) {
            expect(await read.byDate(start, end)).toEqual(expected.between(start, end));
          }
          const [start, end] = ranges[0] as [string, string];
          for (const granularity of GRANULARITIES) {
            expect(await read.usersSeries(granularity, { startDay: start, endDay: end })).toEqual({
              knownFrom: '0001-01-01',
              points: expected.usersSeries(granularity, start, end),
            });
          }
        },
      ),
      { numRuns: 120 },
    );
  });

  it('comes out the same when several processes work through it at once, whoever is first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anOrder, { selector: (one) => one.userId + one.orderId }),
        async (orders) => {
          await redis.flushall();
          const partitions = makePartitions(3);
          const records = Array.from({ length: 3 }, () => recorder(redis, partitions));
          const outcomes = await Promise.all(records.map((record) => endings(record, orders)));
          orders.forEach((_, index) => {
            expect(outcomes.map((list) => list[index]).sort()).toEqual(['counted', 'duplicate', 'duplicate']);
          });
          const read = makeReadStats(redis, partitions);
          expect(await read.global()).toEqual(model(orders).global);
          const { points } = await read.usersSeries('month', {
            startDay: '2023-12-01',
            endDay: '2025-03-31',
          });
          const all = points.reduce((sum, { newUsers = 0 }) => sum + newUsers, 0);
          expect(all).toBe(model(orders).global.users);
        },
      ),
      { numRuns: 30 },
    );
  });
});
