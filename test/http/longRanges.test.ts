import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { sharedReads } from '../../src/http/stats/sharedReads.ts';
import { TooManyWaiting } from '../../src/stats/read/errors.ts';
import {
  MAX_ENTRIES,
  makeWatchedReads,
  mayTakeLong,
  type ReadStats,
} from '../../src/stats/read/readStats.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const RANGE = { startDay: '2025-01-01', endDay: '2025-02-28' };
const LARGE = `start_date=${RANGE.startDay}&end_date=${RANGE.endDay}`;
/** Read by the same turns, and so short that no machine is too busy for it. */
const SMALL = 'start_date=2025-05-01&end_date=2025-06-30';
/** A busy machine takes longer than the API lets anybody wait. */
const PATIENT = { mostUnderWay: 1_000, deadlineMs: 600_000 };

describe('ranges whose users are added up', () => {
  let redis: TestRedis;
  let observer: Redis;
  let pipeline: TestPipeline;
  let reads: ReadStats;
  beforeAll(async () => {
    redis = await startTestRedis();
    observer = redis.client();
    reads = sharedReads(makeWatchedReads(redis.client(), makePartitions(1)), {
      ...PATIENT,
      long: { isLong: mayTakeLong, deadlineMs: PATIENT.deadlineMs },
    });
    pipeline = await startPipeline({ PARTITIONS: '1' }, { role: 'api', redis });
    const keys = statsKeys(makePartitions(1).all[0] as Partition);
    const users = { '2025-01': MAX_ENTRIES / 2, '2025-02': MAX_ENTRIES / 2, '2025-05': 2, '2025-06': 2 };
    for (const [month, count] of Object.entries(users)) {
      await observer.hset(keys.months, `${month}:orders`, 1, `${month}:revenue`, 1);
      await observer.eval(
        `for i = 1, ${count} do
           redis.call('ZADD', KEYS[1], i, 'U' .. i)
           redis.call('HSET', KEYS[2], 'U' .. i, i)
         end`,
        2,
        keys.spend(month),
        keys.counts(month),
      );
    }
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });

  async function ask(path: string): Promise<{ status: number; body: unknown }> {
    const response = await pipeline.get(path);
    return { status: response.status, body: await response.json() };
  }

  async function scans(): Promise<number> {
    return Number(/cmdstat_zscan:calls=(\d+)/.exec(await observer.info('commandstats'))?.[1] ?? 0);
  }

  it('are served up to the largest that is not refused', async () => {
    const most = MAX_ENTRIES / 2;
    expect(await reads.topBuyers(1, RANGE)).toEqual([{ userId: `U${most}`, orders: 2 * most }]);
    expect(await reads.usersInRange(RANGE, 1)).toMatchObject({
      users: [{ userId: `U${most}`, orders: 2 * most }],
    });
    expect(await reads.usersSeries('quarter', RANGE)).toMatchObject({
      points: [{ period: '2025-Q1', users: most }],
    });
    expect(await ask(`/stats/users?granularity=quarter&${SMALL}`)).toMatchObject({
      status: 200,
      body: { points: [{ period: '2025-Q2', users: 2 }] },
    });
  });

  it('are added up once for all who ask for the same', async () => {
    await observer.config('RESETSTAT');
    const first = reads.topSpenders(2, RANGE);
    await until(async () => (await scans()) > 0, 'it is being read');
    const answers = await Promise.all([
      first,
      ...Array.from({ length: 10 }, () => reads.topSpenders(2, RANGE)),
    ]);
    expect(new Set(answers).size).toBe(1);
    // A scan may show a little more than the pages there are.
    expect(await scans()).toBeLessThan((2 * MAX_ENTRIES) / 500);
  });

  it('are refused beyond the few that may wait, and the others are read', async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => reads.topSpenders(index + 10, RANGE)),
    );
    const refused = answers.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.length).toBeGreaterThan(10);
    expect(refused.length).toBeLessThan(20);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(TooManyWaiting);
  });

  it('are refused as overload, and leave nothing behind that keeps others waiting', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ask(
          index % 2
            ? `/stats/top-spenders?limit=${index + 10}&${LARGE}`
            : `/stats/users?granularity=quarter&start_date=2025-01-01&end_date=2025-02-${index + 10}`,
        ),
      ),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(10);
    for (const { status, body } of refused) {
      expect(status).toBe(503);
      expect(body).toMatchObject({ type: '/problems/overloaded' });
    }
    await until(async () => (await ask(`/stats/top-spenders?${SMALL}`)).status === 200, 'others are read');
  });

  it('are refused while Redis hangs, and read no further when it is back', async () => {
    await observer.config('RESETSTAT');
    const path = `/stats/top-spenders?limit=3&${LARGE}`;
    const cut = ask(path);
    await until(async () => (await scans()) > 0, 'it is being read');
    process.kill(redis.pid, 'SIGSTOP');
    expect(await cut).toMatchObject({ status: 503, body: { type: '/problems/redis-unavailable' } });
    expect((await ask(`/stats/users-by-date?${LARGE}`)).status).toBe(503);
    process.kill(redis.pid, 'SIGCONT');
    await until(async () => (await ask('/stats/global')).status === 200, 'reads are answered again');
    // What was under way when Redis stopped ends with that page.
    const seen = await scans();
    for (let i = 0; i < 10; i += 1) await ask('/stats/global');
    expect(await scans()).toBeLessThanOrEqual(seen + 1);
    expect((await ask(`/stats/top-spenders?${SMALL}`)).status).toBe(200);
  });
});
