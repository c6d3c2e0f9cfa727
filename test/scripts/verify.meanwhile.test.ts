import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { noProgress } from '../../src/cli/kit/progress.ts';
import { checksOf } from '../../src/cli/verify/checks.ts';
import { readFigures } from '../../src/cli/verify/readFigures.ts';
import { forgetDetail } from '../../src/stats/forgetDetail.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTrips, type Trips } from '../stats/trips.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { fillStats, someOrders } from './repartitionData.ts';

const [partition] = makePartitions(1).all as [Partition];
const ORDERS = someOrders(200, 7);

describe('a verification while detail is dropped', () => {
  let server: TestRedis;
  let redis: Redis;
  let trips: Trips;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
    trips = await startTrips(server.port);
  });
  afterAll(async () => {
    await trips.stop();
    await server.stop();
  });

  /** The names of the checks that do not hold, and whether the figures were read at rest in the end. */
  async function verified() {
    const figures = await readFigures(trips.redis, partition, noProgress, undefined);
    const wrong = checksOf(figures, []).filter(({ verdict }) => verdict !== 'ok');
    return { wrong: wrong.map(({ name }) => name), moved: figures.moved };
  }

  it('finds nothing wrong, at whichever step of it that happens', async () => {
    await fillStats(redis, 1, ORDERS);
    trips.taken();
    expect(await verified()).toEqual({ wrong: [], moved: false });
    const steps = trips.taken();
    expect(steps).toBeGreaterThan(10);
    for (let step = 1; step <= steps; step += 1) {
      await redis.flushall();
      await fillStats(redis, 1, ORDERS);
      let dropped = 0;
      trips.before(step, async () => {
        dropped = await forgetDetail(redis, partition, '2024-03-01');
      });
      expect({ step, ...(await verified()) }).toEqual({ step, wrong: [], moved: false });
      expect(dropped).toBe(6);
      trips.taken();
    }
  });
});
