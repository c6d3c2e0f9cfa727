import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { endings, order } from './recording.ts';

const partition = makePartitions(1).all[0] as Partition;
const ledger = `${partition.tag}:ledger`;

describe('the ledger', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) =>
      order({ orderId: `O${from + index}`, userId: `U${index % 100}` }),
    );

  /** Bucket keys by the generation in their name. */
  async function buckets(): Promise<Map<number, string[]>> {
    const found = new Map<number, string[]>();
    for (const key of await redis.keys(`${ledger}:*`)) {
      const generation = Number(key.slice(ledger.length + 1).split(':')[0]);
      found.set(generation, [...(found.get(generation) ?? []), key]);
    }
    return found;
  }

  const standing = async (field: string) => Number((await redis.hget(ledger, field)) ?? 0);

  describe('a ledger that grows', () => {
    it('keeps 20,000 orders in small buckets of the compact kind, and knows every one again', async () => {
      const record = makeRecordOrder(redis, partition, { retentionDays: 35 });
      expect(new Set(await endings(record, many(20_000)))).toEqual(new Set(['counted']));

      const keys = (await buckets()).get(1) ?? [];
      expect(keys.length).toBe(await standing('buckets'));
      const encodings = await Promise.all(keys.map((key) => redis.object('ENCODING', key)));
      expect([...new Set(encodings)]).toEqual([expect.stringMatching(/^(listpack|ziplist)$/)]);
      const sizes = await Promise.all(keys.map((key) => redis.hlen(key)));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_000);
      expect(await standing('size')).toBe(20_000);

      expect(new Set(await endings(record, many(20_000)))).toEqual(new Set(['duplicate']));
      expect(await redis.hget(`${partition.tag}:global:stats`, 'total_orders')).toBe('20000');
    });

    it('holds 16 bytes for each order: its identity and its digest', async () => {
      const record = makeRecordOrder(redis, partition, { retentionDays: 35 });
      await endings(record, many(10));
      const entries = await redis.hgetallBuffer(`${ledger}:1:0`);
      expect(Object.keys(entries)).toHaveLength(10);
      for (const digest of Object.values(entries)) expect(digest).toHaveLength(8);
      expect((await redis.callBuffer('HKEYS', `${ledger}:1:0`)) as Buffer[]).toEqual(
        Array.from({ length: 10 }, () => expect.objectContaining({ length: 8 })),
      );
    });
  });

  describe('a ledger with a retention of a second', () => {
    const RETENTION = { retentionDays: 1 / 86_400 };

    it('remembers an order for at least that long, and forgets it afterwards', async () => {
      const record = makeRecordOrder(redis, partition, RETENTION);
      const first = order({ orderId: 'FIRST' });
      await record(first);
      const since = new Map<number, number>();
      let fresh = 0;
      await until(async () => {
        const { outcome } = await record(first);
        await record(order({ orderId: `F${fresh++}` }));
        const [generation, started] = await redis.hmget(ledger, 'generation', 'since');
        since.set(Number(generation), Number(started));
        // Read after the order was judged: in generation 2 it was still looked for in generation 1.
        if (Number(generation) <= 2) expect(outcome).toBe('duplicate');
        return outcome === 'counted';
      }, 'the order is forgotten');
      const [one, two, three] = [1, 2, 3].map((generation) => since.get(generation) as number);
      expect((two as number) - (one as number)).toBeGreaterThanOrEqual(1);
      expect((three as number) - (two as number)).toBeGreaterThanOrEqual(1);
    });

    it('keeps the buckets of two generations and drops those before, however many there were', async () => {
      // Grown in peace: with a second of retention a rotation may come between.
      await endings(makeRecordOrder(redis, partition, { retentionDays: 35 }), many(2_000));
      const record = makeRecordOrder(redis, partition, RETENTION);
      const grown = (await buckets()).get(1)?.length ?? 0;
      expect(grown).toBeGreaterThan(30);
      let from = 10_000;
      await until(async () => {
        await endings(record, many(50, from));
        from += 50;
        const generation = await standing('generation');
        const old = [...(await buckets()).keys()].filter((each) => each < generation - 1);
        return generation >= 3 && old.length === 0 && (await standing('stale_buckets')) === 0;
      }, 'only two generations are left');
    });
  });
});
