import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { TOTAL_ROOM } from '../../src/orders/money.ts';
import { makeRecordOrder, type RecordOrder } from '../../src/stats/record/recordOrder.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { endings, everything, order } from './recording.ts';

const partition = makePartitions(1).all[0] as Partition;
const p = partition.tag;

describe('an order that cannot be recorded', () => {
  let server: TestRedis;
  let redis: Redis;
  let record: RecordOrder;

  async function start() {
    server = await startTestRedis();
    redis = server.client();
    record = makeRecordOrder(redis, partition, { retentionDays: 35 });
  }
  beforeAll(start);
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  /** Only another Redis helps against a script that never ends: the order is rejected, and later tests can run. */
  async function unlessItHangs<T>(recording: Promise<T>): Promise<T> {
    let restarted: Promise<void> | undefined;
    const timer = setTimeout(() => {
      restarted = server.stop().then(start);
    }, 10_000);
    try {
      return await recording;
    } finally {
      clearTimeout(timer);
      await restarted;
    }
  }

  /** Of another user, another day and another month: needs nothing of its own that `order` needs. */
  const elsewhere = (orderId: string) => order({ orderId, userId: 'U2', day: '2025-02-20' });

  /** Puts something foreign at a key, as a stray command would; returns how to put it back. */
  async function occupy(key: string): Promise<() => Promise<void>> {
    const kept = await redis.dumpBuffer(key);
    await redis.set(key, 'foreign');
    return async () => {
      await redis.del(key);
      if (kept) await redis.restore(key, 0, kept);
    };
  }

  const SHARED = [
    'ledger',
    'ledger:1:0',
    'global:stats',
    'users:by_spend',
    'users:by_count',
    'stats:days',
    'stats:months',
    'stats:years',
    'stats:detail',
  ];
  const OWN = ['user:U1', 'spend:2025-01-15', 'spend:2025-01', 'counts:2025-01-15', 'counts:2025-01'];

  describe.each([...SHARED, ...OWN])('a foreign value at %s', (name) => {
    it('has the order refused whole, in a Redis that is empty besides', async () => {
      await redis.set(`${p}:${name}`, 'foreign');
      const before = await everything(redis);
      expect(await endings(record, [order(), order()])).toEqual([
        expect.stringMatching(/^rejected: /),
        expect.stringMatching(/^rejected: /),
      ]);
      expect(await everything(redis)).toEqual(before);
    });

    it('has nothing half written, and the order counts once it is gone', async () => {
      await record(order({ orderId: 'before' }));
      const restore = await occupy(`${p}:${name}`);
      const before = await everything(redis);
      await expect(record(order())).rejects.toThrow();
      expect(await everything(redis)).toEqual(before);
      await restore();
      expect(await record(order())).toEqual({ outcome: 'counted' });
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual({ total_orders: '2', total_revenue: '2000' });
      expect(await redis.hgetall(`${p}:user:U1`)).toEqual({ order_count: '2', total_spend: '2000' });
    });
  });

  describe.each(OWN)('a foreign value at %s', (name) => {
    it('leaves the other orders of the batch to be counted', async () => {
      const batch = [elsewhere('O1'), order(), elsewhere('O2'), order({ orderId: 'O9' }), elsewhere('O1')];
      const restore = await occupy(`${p}:${name}`);
      expect(await endings(record, batch)).toEqual([
        'counted',
        expect.stringContaining('WRONGTYPE'),
        'counted',
        expect.stringContaining('WRONGTYPE'),
        'duplicate',
      ]);
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual({ total_orders: '2', total_revenue: '2000' });
      await restore();
      expect(await endings(record, batch)).toEqual([
        'duplicate',
        'counted',
        'duplicate',
        'counted',
        'duplicate',
      ]);
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual({ total_orders: '4', total_revenue: '4000' });
    });
  });

  describe('a foreign value at one of many ledger buckets', () => {
    it('refuses the orders that need it and counts the others', async () => {
      const known = Array.from({ length: 400 }, (_, index) => order({ orderId: `K${index}` }));
      await endings(record, known);
      const restore = await occupy(`${p}:ledger:1:3`);
      const batch = Array.from({ length: 60 }, (_, index) => order({ orderId: `N${index}` }));
      const first = await endings(record, batch);
      const counted = first.filter((ending) => ending === 'counted').length;
      const rejected = first.filter((ending) => ending.includes('WRONGTYPE')).length;
      expect(counted + rejected).toBe(60);
      expect(Math.min(counted, rejected)).toBeGreaterThan(0);
      expect(await redis.hget(`${p}:global:stats`, 'total_orders')).toBe(String(400 + counted));
      await restore();
      expect(await endings(record, batch)).toEqual(
        first.map((ending) => (ending === 'counted' ? 'duplicate' : 'counted')),
      );
      expect(new Set(await endings(record, known))).toEqual(new Set(['duplicate']));
    });

    it('that a split would fill leaves the entries where they are, known as before', async () => {
      await redis.set(`${p}:ledger:1:1`, 'foreign');
      const batch = Array.from({ length: 100 }, (_, index) => order({ orderId: `N${index}` }));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['counted']));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['duplicate']));
      expect(await redis.get(`${p}:ledger:1:1`)).toBe('foreign');
      await redis.del(`${p}:ledger:1:1`);
      expect(await record(order({ orderId: 'N100' }))).toEqual({ outcome: 'counted' });
      expect(Number(await redis.hget(`${p}:ledger`, 'buckets'))).toBeGreaterThan(1);
      expect(new Set(await endings(record, batch))).toEqual(new Set(['duplicate']));
    });

    it('that kept a split waiting is gone: orders sent again, and nothing else, are known while it happens', async () => {
      await redis.set(`${p}:ledger:1:1`, 'foreign');
      const batch = Array.from({ length: 100 }, (_, index) => order({ orderId: `N${index}` }));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['counted']));
      await redis.del(`${p}:ledger:1:1`);
      expect(new Set(await endings(record, batch))).toEqual(new Set(['duplicate']));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['duplicate']));
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual({
        total_orders: '100',
        total_revenue: '100000',
      });
      expect(await redis.hget(`${p}:ledger`, 'buckets')).toBe('2');
    });

    it.each([8_000, 9_000])('behind which %i orders waited loses none of them', async (count) => {
      await redis.set(`${p}:ledger:1:1`, 'foreign');
      const batch = Array.from({ length: count }, (_, index) => order({ orderId: `N${index}` }));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['counted']));
      const totals = await redis.hgetall(`${p}:global:stats`);
      expect(totals.total_orders).toBe(String(count));
      await redis.del(`${p}:ledger:1:1`);

      expect(await endings(record, batch.slice(0, 1))).toEqual(['duplicate']);
      // A few splits at a time: the first call does not pay for the whole wait.
      expect(await redis.hget(`${p}:ledger`, 'buckets')).toBe('9');
      expect(new Set(await endings(record, batch))).toEqual(new Set(['duplicate']));
      expect(await redis.hgetall(`${p}:global:stats`)).toEqual(totals);

      const buckets = (await redis.keys(`${p}:ledger:1:*`)).sort();
      expect(buckets).toHaveLength(Math.ceil(count / 56));
      const sizes = await Promise.all(buckets.map((key) => redis.hlen(key)));
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
      const encodings = await Promise.all(buckets.map((key) => redis.object('ENCODING', key)));
      expect([...new Set(encodings)]).toEqual([expect.stringMatching(/^(listpack|ziplist)$/)]);
    });

    it('is a field that names no order, and stays where it is while the orders are split', async () => {
      await redis.hset(`${p}:ledger:1:0`, 'foreign', 'field');
      const batch = Array.from({ length: 100 }, (_, index) => order({ orderId: `N${index}` }));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['counted']));
      expect(new Set(await endings(record, batch))).toEqual(new Set(['duplicate']));
      expect(await redis.hget(`${p}:ledger:1:0`, 'foreign')).toBe('field');
      expect(await redis.hget(`${p}:ledger`, 'buckets')).toBe('2');
    });
  });

  const NO_COUNT = ['many', '', 'nan', '-nan', 'inf', '-inf', '1.5', '-3', '1e15', '0x10', ' 7'];
  const TOO_MUCH = ['9007199254740993', '9'.repeat(20)];
  const MONEY = ['total_revenue', 'total_spend', '2025-01-15:revenue', '2025-01:revenue', '2025:revenue'];

  const TOTALS = [
    ['global:stats', 'total_orders'],
    ['global:stats', 'total_revenue'],
    ['user:U1', 'order_count'],
    ['user:U1', 'total_spend'],
    ['stats:days', '2025-01-15:orders'],
    ['stats:days', '2025-01-15:revenue'],
    ['stats:months', '2025-01:orders'],
    ['stats:months', '2025-01:revenue'],
    ['stats:years', '2025:orders'],
    ['stats:years', '2025:revenue'],
    ['counts:2025-01-15', 'U1'],
    ['counts:2025-01', 'U1'],
  ].map(([key = '', field = '']) => ({
    key,
    field,
    values: [...NO_COUNT, ...TOO_MUCH, ...(MONEY.includes(field) ? [String(TOTAL_ROOM + 1)] : [])],
  }));
  const STAND = [
    { field: 'generation', values: ['0', '4294967297'] },
    { field: 'since', values: [] },
    { field: 'buckets', values: ['0', '4294967297'] },
    { field: 'size', values: ['4294967297'] },
    { field: 'previous_buckets', values: ['4294967297'] },
    { field: 'stale_buckets', values: ['4294967297'] },
  ].map(({ field, values }) => ({ key: 'ledger', field, values: [...NO_COUNT, ...TOO_MUCH, ...values] }));

  describe.each([...TOTALS, ...STAND])('a field that is no whole number in range: $key $field', (one) => {
    it.each(one.values)('refuses the order and stays %j', async (value) => {
      await record(order({ orderId: 'before' }));
      await redis.hset(`${p}:${one.key}`, one.field, value);
      const before = await everything(redis);
      await expect(unlessItHangs(record(order()))).rejects.toThrow(`no usable number in ${p}:${one.key}`);
      expect(await everything(redis)).toEqual(before);
    });
  });

  describe.each(['spend:2025-01-15', 'spend:2025-01'])(
    'a score that is no whole number in range: %s',
    (key) => {
      it.each(['inf', '-inf', '1.5', '-3', String(TOTAL_ROOM + 1)])(
        "refuses the user's orders, stays %s, and others are counted",
        async (score) => {
          await record(order({ orderId: 'before' }));
          await redis.zadd(`${p}:${key}`, score, 'U1');
          const before = await redis.dumpBuffer(`${p}:user:U1`);
          expect(await endings(record, [order(), order({ userId: 'U2' })])).toEqual([
            expect.stringContaining(`error no usable number in ${p}:${key}`),
            'counted',
          ]);
          expect(await redis.dumpBuffer(`${p}:user:U1`)).toEqual(before);
          expect(await redis.zscore(`${p}:${key}`, 'U1')).toBe(score);
          expect(await redis.hget(`${p}:global:stats`, 'total_orders')).toBe('2');
        },
      );
    },
  );

  describe.each(['2025-01-15', '2025-01', '2025'])('new users of %s that are no whole number', (period) => {
    it.each([...NO_COUNT, ...TOO_MUCH])(
      "refuse a new user's order, and no other, and stay %j",
      async (value) => {
        await record(order({ orderId: 'before' }));
        await redis.hset(`${p}:stats:new_users`, period, value);
        const before = await everything(redis);
        const newcomer = order({ userId: 'U2' });
        expect(await endings(record, [newcomer])).toEqual([
          expect.stringContaining(`error no usable number in ${p}:stats:new_users`),
        ]);
        expect(await everything(redis)).toEqual(before);
        expect(await endings(record, [order(), newcomer])).toEqual([
          'counted',
          expect.stringContaining('error '),
        ]);
        expect(await redis.hget(`${p}:stats:new_users`, period)).toBe(value);
      },
    );
  });

  it.each([['1000000000000000'], [String(TOTAL_ROOM - 1_000)]])(
    'a user, a day and a list that stand at %s go on from there',
    async (amount) => {
      for (const [key, field] of [
        ['global:stats', 'total_revenue'],
        ['user:U1', 'total_spend'],
        ['stats:days', '2025-01-15:revenue'],
      ] as const) {
        await redis.hset(`${p}:${key}`, field, amount);
      }
      await redis.zadd(`${p}:spend:2025-01-15`, amount, 'U1');
      expect(await endings(record, [order({ minorUnits: 400 })])).toEqual(['counted']);
      expect(await endings(record, [order({ orderId: 'O2', minorUnits: 600 })])).toEqual(['counted']);
      const sum = String(Number(amount) + 1_000);
      expect(await redis.hget(`${p}:user:U1`, 'total_spend')).toBe(sum);
      expect(Number(await redis.zscore(`${p}:spend:2025-01-15`, 'U1'))).toBe(Number(sum));
    },
  );

  it.each([
    ['stats:days', '2025-01-15'],
    ['stats:months', '2025-01'],
    ['stats:years', '2025'],
  ])('in %s, of %s alone, leaves the orders of other times to be counted', async (key, period) => {
    await redis.hset(`${p}:${key}`, `${period}:revenue`, 'much');
    const other = order({ orderId: 'O2', day: '2024-12-31' });
    expect(await endings(record, [other, order(), other])).toEqual([
      'counted',
      expect.stringContaining(`error no usable number in ${p}:${key}`),
      'duplicate',
    ]);
  });

  it('names what is in the way, and the order it kept out', async () => {
    await redis.hset(`${p}:user:U1`, 'total_spend', 'many');
    await expect(record(order())).rejects.toThrow(
      `the order was not recorded: error no usable number in ${p}:user:U1`,
    );
  });
});
