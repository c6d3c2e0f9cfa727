import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { forgetDetail } from '../../src/stats/forgetDetail.ts';
import { DetailGone } from '../../src/stats/read/errors.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import type { RecordOrder } from '../../src/stats/record/recordOrder.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, order, recorder } from './recording.ts';
import { startTrips, type Trips } from './trips.ts';

/** Three pages of a month. */
const USERS = 2_500;
const TWO_MONTHS = { startDay: '2024-01-01', endDay: '2024-02-29' };
const EDGES = { startDay: '2024-01-10', endDay: '2024-02-20' };
const userId = (index: number) => `U${String(index).padStart(4, '0')}`;

describe('while the stats are read', () => {
  const partitions = makePartitions(1);
  let server: TestRedis;
  let redis: Redis;
  let trips: Trips;
  let read: ReadStats;
  let record: RecordOrder;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await redis.flushall();
    record = recorder(redis, partitions);
    trips = await startTrips(server.port);
    read = makeReadStats(trips.redis, partitions);
  });
  afterEach(() => trips.stop());

  const everyoneOrders = (day: string, users = USERS) =>
    endings(
      record,
      Array.from({ length: users }, (_, index) =>
        order({ userId: userId(index), orderId: day, day, minorUnits: 1_000 + index }),
      ),
    );

  it('a user who rises from the last page to the first keeps what was counted before', async () => {
    await everyoneOrders('2024-01-15');
    await everyoneOrders('2024-02-15');
    const last = userId(0);
    // Each trip but the first two is a page of one of the months.
    for (let trip = 3; trip <= 8; trip += 1) {
      trips.before(trip, async () => {
        await record(
          order({ userId: last, orderId: `LATE${trip}`, day: '2024-01-20', minorUnits: 1_000_000 }),
        );
        await record(
          order({ userId: last, orderId: `LATER${trip}`, day: '2024-02-20', minorUnits: 1_000_000 }),
        );
      });
    }
    const { users } = await read.usersInRange(TWO_MONTHS, USERS);
    expect(trips.taken()).toBeGreaterThanOrEqual(8);
    expect(users).toHaveLength(USERS);
    const [risen, ...others] = users;
    expect(risen?.userId).toBe(last);
    expect(risen?.minorUnits).toBeGreaterThan(2_000);
    expect(others).toEqual(
      Array.from({ length: USERS - 1 }, (_, index) => ({
        userId: userId(USERS - 1 - index),
        orders: 2,
        minorUnits: 2 * (1_000 + USERS - 1 - index),
      })),
    );
  });

  it('an order is counted in a user with its value or not at all', async () => {
    await record(order({ orderId: 'O1', day: '2024-01-15', minorUnits: 10 }));
    let recorded = false;
    // Between the spend and the orders of the day.
    trips.inside(2, '*3\r\n$4\r\nhget', async () => {
      await record(order({ orderId: 'O2', day: '2024-01-15', minorUnits: 10 }));
      recorded = true;
    });
    const totals = await read.userInRange('U1', EDGES);
    expect(recorded).toBe(true);
    expect(totals?.minorUnits).toBe(10 * (totals?.orders ?? 0));
  });

  it('those who add up do not hold up a month that needs no adding up', async () => {
    await everyoneOrders('2024-01-15');
    await everyoneOrders('2024-02-15');
    const done: string[] = [];
    await Promise.all([
      ...['first', 'second', 'third'].map((name) =>
        read.usersInRange(TWO_MONTHS, 10).then(() => done.push(name)),
      ),
      read.topSpenders(10, { startDay: '2024-02-01', endDay: '2024-02-29' }).then(() => done.push('top')),
      read.usersInRange({ startDay: '2024-02-01', endDay: '2024-02-29' }, 10).then(() => done.push('month')),
    ]);
    expect(new Set(done.slice(0, 2))).toEqual(new Set(['top', 'month']));
  });

  it('a user is not put behind themselves by an order that comes meanwhile', async () => {
    await record(order({ userId: 'FIRST', minorUnits: 100 }));
    await record(order({ userId: 'SECOND', minorUnits: 50 }));
    trips.before(2, async () => {
      await record(order({ userId: 'FIRST', orderId: 'O2', minorUnits: 1 }));
    });
    expect(await read.rank('FIRST')).toEqual({ spenders: 1, buyers: 1, users: 2 });
    expect(trips.taken()).toBe(2);
  });

  it.each([
    ['topSpenders', (stats: ReadStats) => stats.topSpenders(5, EDGES), [2, 3]],
    ['topSpenders of a day', (stats: ReadStats) => stats.topSpenders(5, day('2024-01-15')), [2]],
    ['topBuyers', (stats: ReadStats) => stats.topBuyers(5, EDGES), [2, 3]],
    ['usersInRange', (stats: ReadStats) => stats.usersInRange(EDGES, 5), [2, 3, 4]],
    ['usersInRange of a day', (stats: ReadStats) => stats.usersInRange(day('2024-01-15'), 5), [2, 3]],
    ['userInRange', (stats: ReadStats) => stats.userInRange('U0001', EDGES), [2]],
    ['series', (stats: ReadStats) => stats.series('day', EDGES, 'U0001'), [2]],
  ])('%s refuses days that are dropped after it found them, at whatever moment', async (_, ask, moments) => {
    await everyoneOrders('2024-01-15', 3);
    await everyoneOrders('2024-02-15', 3);
    const complete = await ask(read);
    const total = trips.taken();
    for (const moment of moments) {
      expect(moment).toBeLessThanOrEqual(total);
      await redis.flushall();
      await everyoneOrders('2024-01-15', 3);
      await everyoneOrders('2024-02-15', 3);
      expect(await ask(read)).toEqual(complete);
      trips.taken();
      trips.before(moment, async () => {
        await forgetDetail(redis, partitions.all[0] as (typeof partitions.all)[0], '2024-02-01');
      });
      await expect(ask(read)).rejects.toEqual(new DetailGone('2024-02-01'));
    }
  });
});

const day = (one: string) => ({ startDay: one, endDay: one });
