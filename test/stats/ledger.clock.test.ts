import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, order } from './recording.ts';

const partitions = makePartitions(1);
const partition = partitions.all[0] as Partition;
const ledger = `${partition.tag}:ledger`;
const RETENTION_DAYS = 35;
const DAY_S = 86_400;

/** To the ledger, a clock that jumps is a beginning of its window that lies elsewhere. */
describe('the ledger, when the clock of Redis jumps', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  const some = (name: string) =>
    Array.from({ length: 500 }, (_, index) =>
      order({ orderId: `${name}${index}`, userId: `U${index % 10}` }),
    );
  const record = (name: string) =>
    endings(makeRecordOrder(redis, partition, { retentionDays: RETENTION_DAYS }), some(name));

  /** By so many seconds, ahead or (below 0) back. */
  async function jump(seconds: number): Promise<void> {
    await redis.hincrby(ledger, 'since', -seconds);
  }

  const generation = async () => Number((await redis.hget(ledger, 'generation')) ?? 1);

  async function expectAll(ended: Promise<string[]>, outcome: string): Promise<void> {
    expect(new Set(await ended)).toEqual(new Set([outcome]));
  }

  async function expectTotals(orders: number, duplicates: number): Promise<void> {
    const stats = makeReadStats(redis, partitions);
    expect(await stats.global()).toEqual({ orders, minorUnits: orders * 1_000, users: 10 });
    expect(await stats.duplicates()).toBe(duplicates);
  }

  it('ten windows ahead, still knows what it counted just before, and what it counts then', async () => {
    await expectAll(record('A'), 'counted');
    await jump(10 * RETENTION_DAYS * DAY_S);
    await expectAll(record('A'), 'duplicate');
    await expectAll(record('B'), 'counted');
    expect(await generation()).toBe(2);
    await expectAll(record('A'), 'duplicate');
    await expectAll(record('B'), 'duplicate');
    await expectTotals(1_000, 1_500);
  });

  it('a year back, still knows what it counted just before, and what it counts then', async () => {
    await expectAll(record('A'), 'counted');
    await jump(-365 * DAY_S);
    await expectAll(record('A'), 'duplicate');
    await expectAll(record('B'), 'counted');
    expect(await generation()).toBe(1);
    await expectAll(record('A'), 'duplicate');
    await expectAll(record('B'), 'duplicate');
    await expectTotals(1_000, 1_500);
  });

  it('ten windows ahead and back again, still knows what it counted before, between and after', async () => {
    await expectAll(record('A'), 'counted');
    await jump(10 * RETENTION_DAYS * DAY_S);
    await expectAll(record('B'), 'counted');
    await jump(-10 * RETENTION_DAYS * DAY_S);
    await expectAll(record('C'), 'counted');
    for (const name of ['A', 'B', 'C']) await expectAll(record(name), 'duplicate');
    await expectTotals(1_500, 1_500);
  });
});
