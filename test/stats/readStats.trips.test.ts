import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { daysFrom } from './rangeModel.ts';
import { endings, order, recorder } from './recording.ts';
import { startTrips, type Trips } from './trips.ts';

const YEARS = { startDay: '2015-01-10', endDay: '2024-12-30' };
const YEAR = { startDay: '2024-01-01', endDay: '2024-12-30' };
const MONTH = { startDay: '2024-02-01', endDay: '2024-02-29' };
const DAY = { startDay: '2024-02-15', endDay: '2024-02-15' };
const EVER = { startDay: '0001-01-01', endDay: '9999-12-31' };

describe.each([1, 5])('round trips to Redis, over %d partitions', (count) => {
  let server: TestRedis;
  let trips: Trips;
  let read: ReadStats;

  beforeAll(async () => {
    server = await startTestRedis();
    const partitions = makePartitions(count);
    const days = daysFrom('2015-01-01', '2024-12-31').filter((_, index) => index % 5 === 0);
    const orders = [...days, DAY.startDay].map((day, index) =>
      order({ userId: `U${index % 40}`, orderId: `O${index}`, day }),
    );
    await endings(recorder(server.client(), partitions), orders);
    trips = await startTrips(server.port);
    read = makeReadStats(trips.redis, partitions);
  });
  afterAll(async () => {
    await trips.stop();
    await server.stop();
  });
  beforeEach(() => {
    trips.taken();
  });

  async function tripsOf(read: () => Promise<unknown>): Promise<number> {
    await read();
    return trips.taken();
  }

  it.each([
    ['one day', DAY],
    ['one month', MONTH],
    ['ten years', YEARS],
    ['ten thousand years', EVER],
  ])('by date is one for %s', async (_, { startDay, endDay }) => {
    expect(await tripsOf(() => read.byDate(startDay, endDay))).toBe(1);
  });

  it('are one for the totals of all, of one user, and for the top users ever', async () => {
    expect(await tripsOf(() => read.global())).toBe(1);
    expect(await tripsOf(() => read.user('U1'))).toBe(1);
    expect(await tripsOf(() => read.topSpenders(10))).toBe(1);
    expect(await tripsOf(() => read.topBuyers(10))).toBe(1);
  });

  it('are one for a series, whatever its steps', async () => {
    expect(await tripsOf(() => read.series('day', YEAR))).toBe(1);
    expect(await tripsOf(() => read.series('month', YEARS))).toBe(1);
    expect(await tripsOf(() => read.series('year', YEARS))).toBe(1);
  });

  it('are two for a user in a range, a series of a user, and a place', async () => {
    expect(await tripsOf(() => read.userInRange('U1', DAY))).toBe(2);
    expect(await tripsOf(() => read.userInRange('U1', YEARS))).toBe(2);
    expect(await tripsOf(() => read.userInRange('U1', EVER))).toBe(2);
    expect(await tripsOf(() => read.series('month', YEARS, 'U1'))).toBe(2);
    expect(await tripsOf(() => read.rank('U1'))).toBe(2);
  });

  it('are two for the top spenders of a month or a day, and one more for a page of all users', async () => {
    for (const range of [DAY, MONTH]) {
      expect(await tripsOf(() => read.topSpenders(10, range))).toBe(2);
      expect(await tripsOf(() => read.usersInRange(range, 10))).toBe(3);
    }
  });

  it('are few for the top users of years with few users', async () => {
    expect(await tripsOf(() => read.topSpenders(10, YEARS))).toBeLessThanOrEqual(4);
    expect(await tripsOf(() => read.topBuyers(10, YEARS))).toBeLessThanOrEqual(4);
  });
});
