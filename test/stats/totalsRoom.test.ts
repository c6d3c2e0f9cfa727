import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { TOTAL_ROOM } from '../../src/orders/money.ts';
import { Troubles } from '../../src/runtime/troubles.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { watchTotals } from '../../src/stats/watchTotals.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const partitions = makePartitions(2);
const [first, second] = partitions.all as [Partition, Partition];

describe('the room of the totals', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  async function stand(partition: Partition, minorUnits: number): Promise<void> {
    const keys = statsKeys(partition);
    await redis.hset(keys.global, 'total_orders', 1, 'total_revenue', minorUnits);
    for (const [key, period] of [
      [keys.years, '2025'],
      [keys.months, '2025-06'],
      [keys.days, '2025-06-15'],
    ]) {
      await redis.hset(key as string, `${period}:orders`, 1, `${period}:revenue`, minorUnits);
    }
  }

  describe('read over all partitions', () => {
    const read = () => makeReadStats(redis, partitions);
    const reads: Record<string, () => Promise<unknown>> = {
      'all orders': () => read().global(),
      'a year': () => read().byDate('2025-01-01', '2025-12-31'),
      'a month': () => read().byDate('2025-06-01', '2025-06-30'),
      'a day': () => read().byDate('2025-06-15', '2025-06-15'),
      'a series': () => read().series('month', { startDay: '2025-06-01', endDay: '2025-06-30' }),
    };

    it.each(Object.keys(reads))('is told to the last cent that is exact: %s', async (name) => {
      await stand(first, TOTAL_ROOM - 1);
      await stand(second, 1);
      expect(JSON.stringify(await reads[name]?.())).toContain(`"minorUnits":${TOTAL_ROOM}`);
    });

    it.each(Object.keys(reads))('is refused past it rather than told without a cent: %s', async (name) => {
      await stand(first, TOTAL_ROOM);
      await stand(second, 1);
      await expect(reads[name]?.()).rejects.toThrow(
        'a total of 70368744177664.01 is past its room of 70368744177664.00',
      );
    });
  });

  it('is what the API answers with a problem of its own, past it', async () => {
    await stand(first, TOTAL_ROOM);
    await stand(second, 1);
    const pipeline = await startPipeline({ PARTITIONS: '2' }, { role: 'api', redis: server });
    try {
      for (const path of [
        '/stats/global',
        '/stats/by-date?start_date=2025-06-01&end_date=2025-06-30',
        '/stats/series?start_date=2025-06-01&end_date=2025-06-30&granularity=month',
        '/metrics',
      ]) {
        const response = await pipeline.get(path);
        const { type, detail } = (await response.json()) as Record<string, string>;
        expect({ path, status: response.status, type, detail }).toEqual({
          path,
          status: 500,
          type: '/problems/total-out-of-range',
          detail: expect.stringMatching(/^a total of 70368744177664.01 is past its room/),
        });
      }
    } finally {
      await pipeline.stop();
    }
  });

  describe('being used up', () => {
    async function looked(...stands: number[]) {
      const troubles = new Troubles();
      const { logger, lines } = collectingLogger();
      const watch = watchTotals({ redis, partitions, troubles, logger, lookEveryMs: 5 });
      const seen: { reasons: string[]; errors: number }[] = [];
      try {
        for (const minorUnits of stands) {
          await stand(first, minorUnits);
          const isFull = minorUnits >= TOTAL_ROOM / 2;
          const percent = `${Math.floor((100 * minorUnits) / TOTAL_ROOM)} %`;
          await until(() => {
            const [trouble] = troubles.current;
            return isFull ? trouble?.reason.includes(percent) === true : trouble === undefined;
          }, `the totals stand at ${minorUnits}`);
          const errors = lines.filter((line) => line.includes('"error"')).length;
          seen.push({ reasons: troubles.current.map(({ reason }) => reason), errors });
        }
      } finally {
        await watch.stop();
        logger.close();
      }
      return { seen, since: troubles.current[0]?.since };
    }

    it('is a trouble and an error from half of it on, with another line for every further tenth', async () => {
      const room = (share: number) => Math.floor(TOTAL_ROOM * share);
      const { seen } = await looked(room(0.49), room(0.5) + 1, room(0.58), room(0.61), room(0.2), room(0.75));
      expect(seen.map(({ errors }) => errors)).toEqual([0, 1, 1, 2, 2, 3]);
      expect(seen.map(({ reasons }) => reasons.length)).toEqual([0, 1, 1, 1, 0, 1]);
      expect(seen[1]?.reasons).toEqual([
        'total_revenue is 35184372088832.01 over all partitions, 50 % of the 70368744177664.00 up to which a total ' +
          'is told; partition 0 has used 50 % of its own room, and an order that would pass that is not counted',
      ]);
    });

    it('is seen over all partitions together, also past what one number can hold', async () => {
      await stand(second, Math.floor(TOTAL_ROOM * 0.3));
      const troubles = new Troubles();
      const { logger, lines } = collectingLogger();
      const watch = watchTotals({ redis, partitions, troubles, logger, lookEveryMs: 5 });
      try {
        await stand(first, Math.floor(TOTAL_ROOM * 0.3));
        await until(() => troubles.current[0]?.reason.includes('60 %') === true, 'the two are added up');
        expect(troubles.current[0]?.reason).toMatch(/; partition 0 has used 30 % of its own room, and /);
        await stand(first, TOTAL_ROOM);
        await stand(second, TOTAL_ROOM);
        const twice =
          'total_revenue is 140737488355328.00 over all partitions, past the room of 70368744177664.00';
        await until(() => troubles.current[0]?.reason.startsWith(twice) === true, 'both are full');
        expect(lines.at(-1)).toContain('totals are running out of room');
      } finally {
        await watch.stop();
        logger.close();
      }
    });

    it.each(['all', 'worker', 'api'] as const)('degrades /health of the role %s', async (role) => {
      await stand(first, TOTAL_ROOM / 2);
      const pipeline = await startPipeline({ PARTITIONS: '2' }, { role, redis: server });
      try {
        const health = () => pipeline.json<{ status: string; troubles: unknown }>('/health');
        await until(async () => (await health()).status === 'degraded', 'the totals are in /health');
        expect((await health()).troubles).toEqual([
          { what: 'totals', since: expect.any(String), reason: expect.stringContaining('50 % of the') },
        ]);
        expect((await pipeline.get('/health')).status).toBe(200);
      } finally {
        await pipeline.stop();
      }
    });
  });
});
