import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { TOTAL_ROOM } from '../../src/orders/money.ts';
import type { Order } from '../../src/orders/order.ts';
import type { DayRange, Position, UserTotals } from '../../src/stats/figures.ts';
import { GRANULARITIES } from '../../src/stats/figures.ts';
import { forgetDetail } from '../../src/stats/forgetDetail.ts';
import { DetailGone } from '../../src/stats/read/errors.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { daysFrom, rangeModel } from './rangeModel.ts';
import { endings, order, recorder } from './recording.ts';

const USERS = ['U1', 'U2', 'U3', 'U10', 'u1', 'Ü', '😀', '\uff21', '__proto__', 'A B'];
const DAYS = [
  '0004-02-29',
  '2023-02-28',
  '2023-12-30',
  '2023-12-31',
  '2024-01-01',
  '2024-01-31',
  '2024-02-01',
  '2024-02-28',
  '2024-02-29',
  '2024-03-01',
  '2024-03-31',
  '2024-04-15',
  '2024-12-31',
  '2025-01-01',
  '9999-12-31',
];
const ALL: DayRange = { startDay: '0001-01-01', endDay: '9999-12-31' };

const someOrders = fc
  .array(
    fc.record({
      userId: fc.constantFrom(...USERS),
      // Few values, so that many tie.
      minorUnits: fc.constantFrom(0, 1, 1, 100, 250_000),
      day: fc.constantFrom(...DAYS),
    }),
    { maxLength: 60 },
  )
  .map((list) => list.map((one, index) => order({ ...one, orderId: `O${index}` })));

const day = fc.oneof(fc.constantFrom(...DAYS), fc.constantFrom(...daysFrom('2023-11-28', '2025-01-03')));
const range = fc
  .oneof(
    { weight: 5, arbitrary: fc.tuple(day, day) },
    { weight: 1, arbitrary: day.map((one) => [one, one]) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        ['2024-02-01', '2024-02-29'],
        ['2023-12-01', '2023-12-31'],
        ['2024-01-01', '2024-12-31'],
        ['0001-01-01', '9999-12-31'],
        ['0001-01-02', '9999-12-30'],
      ),
    },
  )
  .map((days): DayRange => {
    const [startDay = '', endDay = ''] = days.toSorted();
    return { startDay, endDay };
  });

const settled = async <T>(answer: Promise<T>): Promise<T | DetailGone> =>
  answer.catch((error) => {
    if (error instanceof DetailGone) return error;
    throw error;
  });

describe('whatever orders were counted, the stats of any range are those of a plain list of them', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());

  async function counted(partitionCount: number, orders: readonly Order[], keptFrom?: string) {
    await redis.flushall();
    const partitions = makePartitions(partitionCount);
    const record = recorder(redis, partitions);
    const half = orders.length >> 1;
    expect(new Set(await endings(record, orders.slice(0, half)))).not.toContain('duplicate');
    if (keptFrom !== undefined) {
      for (const partition of partitions.all) await forgetDetail(redis, partition, keptFrom);
    }
    // The others come late: also those of days that are no longer kept.
    await endings(record, orders.slice(half));
    const sharesPartition = (userId: string) => (other: string) =>
      partitions.of(other) === partitions.of(userId);
    return { read: makeReadStats(redis, partitions), model: rangeModel(orders), sharesPartition };
  }

  describe.each([1, 2, 5])('over %d partitions', (partitionCount) => {
    it('for the top users and a single user', async () => {
      await fc.assert(
        fc.asyncProperty(
          someOrders,
          fc.option(fc.constantFrom(...DAYS), { nil: undefined }),
          fc.array(range, { minLength: 1, maxLength: 6 }),
          fc.integer({ min: 1, max: 8 }),
          async (orders, keptFrom, ranges, limit) => {
            const { read, model, sharesPartition } = await counted(partitionCount, orders, keptFrom);
            const known = new Set(orders.map(({ userId }) => userId));
            for (const each of ranges) {
              const gone = (some: (userId: string) => boolean) =>
                keptFrom !== undefined && model.needsDayBefore(keptFrom, each, some);
              const spenders = await settled(read.topSpenders(limit, each));
              const buyers = await settled(read.topBuyers(limit, each));
              if (gone(() => true)) {
                expect(spenders).toEqual(new DetailGone(keptFrom as string));
                expect(buyers).toEqual(new DetailGone(keptFrom as string));
              } else {
                expect(spenders).toEqual(
                  model
                    .bySpend(each)
                    .slice(0, limit)
                    .map(({ userId, minorUnits }) => ({ userId, minorUnits })),
                );
                expect(buyers).toEqual(
                  model
                    .byOrders(each)
                    .slice(0, limit)
                    .map(({ userId, orders: count }) => ({ userId, orders: count })),
                );
              }
              for (const userId of USERS) {
                const found = await settled(read.userInRange(userId, each));
                if (!known.has(userId)) expect(found).toBeUndefined();
                else if (gone(sharesPartition(userId)))
                  expect(found).toEqual(new DetailGone(keptFrom as string));
                else expect(found).toEqual(model.between(each, userId));
              }
            }
          },
        ),
        { numRuns: 15 },
      );
    });

    it('for all users, page by page', async () => {
      await fc.assert(
        fc.asyncProperty(
          someOrders,
          fc.array(range, { minLength: 1, maxLength: 6 }),
          fc.integer({ min: 1, max: 6 }),
          async (orders, ranges, limit) => {
            const { read, model } = await counted(partitionCount, orders);
            for (const each of ranges) {
              const pages: UserTotals[][] = [];
              let after: Position | undefined;
              do {
                const page = await read.usersInRange(each, limit, after);
                pages.push(page.users);
                after = page.next;
              } while (after);
              expect(pages.flat()).toEqual(model.bySpend(each));
              expect(pages.slice(0, -1).every(({ length }) => length === limit)).toBe(true);
            }
          },
        ),
        { numRuns: 12 },
      );
    });

    it('for all users after any place, also one that nobody holds', async () => {
      const place = fc.record({
        userId: fc.oneof(fc.constantFrom(...USERS), fc.constantFrom('', 'U', 'U11', 'zzz', '\u{10FFFF}')),
        minorUnits: fc.constantFrom(0, 1, 2, 99, 100, 250_000, TOTAL_ROOM),
      });
      await fc.assert(
        fc.asyncProperty(someOrders, range, place, async (orders, each, after) => {
          const { read, model } = await counted(partitionCount, orders);
          const isAfter = (one: UserTotals) =>
            one.minorUnits < after.minorUnits ||
            (one.minorUnits === after.minorUnits &&
              Buffer.compare(Buffer.from(one.userId), Buffer.from(after.userId)) < 0);
          for (const where of [each, ALL, { startDay: '2024-02-01', endDay: '2024-02-29' }]) {
            const { users } = await read.usersInRange(where, 100, after);
            expect(users).toEqual(model.bySpend(where).filter(isAfter));
          }
        }),
        { numRuns: 15 },
      );
    });

    it('for series of periods of every length, of all users and of one', async () => {
      const shortRange = range.filter(
        ({ startDay, endDay }) => startDay > '2020' && endDay < '2030' && startDay <= endDay,
      );
      await fc.assert(
        fc.asyncProperty(
          someOrders,
          fc.option(fc.constantFrom(...DAYS), { nil: undefined }),
          fc.array(shortRange, { minLength: 1, maxLength: 4 }),
          fc.constantFrom(...USERS),
          async (orders, keptFrom, ranges, userId) => {
            const { read, model, sharesPartition } = await counted(partitionCount, orders, keptFrom);
            for (const each of ranges) {
              for (const granularity of GRANULARITIES) {
                expect(await read.series(granularity, each)).toEqual(model.series(granularity, each));
                const own = await settled(read.series(granularity, each, userId));
                const needed =
                  granularity === 'day' || granularity === 'week'
                    ? daysFrom(each.startDay, each.endDay).map((one) => ({ startDay: one, endDay: one }))
                    : [each];
                const gone =
                  keptFrom !== undefined &&
                  needed.some((part) => model.needsDayBefore(keptFrom, part, sharesPartition(userId)));
                expect(own).toEqual(
                  gone ? new DetailGone(keptFrom as string) : model.series(granularity, each, userId),
                );
              }
            }
          },
        ),
        { numRuns: 8 },
      );
    });

    it('for the places of users', async () => {
      await fc.assert(
        fc.asyncProperty(someOrders, async (orders) => {
          const { read, model } = await counted(partitionCount, orders);
          for (const userId of [...USERS, 'NOBODY']) {
            expect(await read.rank(userId)).toEqual(model.rank(userId));
          }
        }),
        { numRuns: 10 },
      );
    });
  });
});
