import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { noProgress } from '../../src/cli/kit/progress.ts';
import { repartition } from '../../src/cli/repartition/repartition.ts';
import { verifyAll } from '../../src/cli/verify/verifyAll.ts';
import { readFailurePage, readFailures } from '../../src/queue/failures/readFailures.ts';
import { reconcileFailures } from '../../src/queue/failures/reconcile.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import {
  ACTIVE_RUNS_KEY,
  failureKeys,
  PARTITIONS_KEY,
  pausedSinceKey,
  queueKey,
  RUNS_KEY,
  runKeys,
} from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { endings, order, recorder } from '../stats/recording.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { fill, fillStats, queuesOf, someOrders, visible } from './repartitionData.ts';

const ORDERS = someOrders(3_000, 7);

describe('another number of partitions', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  const change = async (to: number) =>
    repartition(
      { kind: 'to', to, force: false },
      {
        redis,
        idCase: 'upper',
        durability: await chooseDurability(redis, undefined),
        progress: noProgress,
        say: () => {},
      },
    );

  it('shows the same of everything, knows every order again, and holds together: 1 → 8 → 3 → 1', async () => {
    await fill(redis, 1, ORDERS);
    const before = await visible(redis, 1, ORDERS);
    expect(before.jobs).toMatchObject({
      failed: { length: 76 },
      wait: { length: 70 },
      delayed: { length: 1 },
    });
    expect(Object.keys(before.byHand.edits)).toHaveLength(9);
    expect(Object.keys(before.byHand.repairs)).toHaveLength(3);
    for (const to of [8, 3, 1]) {
      await change(to);
      expect(await redis.get(PARTITIONS_KEY)).toBe(String(to));
      expect(await visible(redis, to, ORDERS)).toEqual(before);
      expect((await verifyAll(redis, makePartitions(to), noProgress)).result).toBe('right');
    }
    const again = await endings(recorder(redis, makePartitions(1)), ORDERS);
    expect(new Set(again)).toEqual(new Set(['duplicate']));
  });

  it('tells an order apart from the one it contradicts, and counts new ones, in every new partition', async () => {
    await fillStats(redis, 3, ORDERS);
    const before = await visible(redis, 3, ORDERS);
    await change(8);
    const record = recorder(redis, makePartitions(8));
    const altered = ORDERS.map((one) => ({ ...one, minorUnits: one.minorUnits + 1 }));
    expect(new Set(await endings(record, altered))).toEqual(new Set(['conflict']));
    const fresh = ORDERS.slice(0, 500).map((one) => order({ ...one, orderId: `NEW-${one.orderId}` }));
    expect(new Set(await endings(record, fresh))).toEqual(new Set(['counted']));
    expect((await visible(redis, 8, ORDERS)).global.orders).toBe(before.global.orders + 500);
    expect((await verifyAll(redis, makePartitions(8), noProgress)).result).toBe('right');
  });

  it('knows of every failed order what it knew, and since when, also of one that is being retried', async () => {
    await fill(redis, 2, ORDERS.slice(0, 100));
    const { all } = makePartitions(2);
    for (const partition of all) {
      const { since } = failureKeys(partition);
      for (const [index, id] of (await redis.zrange(since, 0, '-1')).entries())
        await redis.zadd(since, 'XX', 1_000 * index, id);
    }
    const [retried] = await readFailurePage(redis, all, { count: 1 });
    const queues = await queuesOf(redis, 2);
    await (await queues.all[retried?.partition as number]?.getJob(retried?.job as string))?.retry('failed');
    await queues.close();
    for (const partition of all) await reconcileFailures(redis, partition, { alone: true });

    const known = async (count: number) => {
      const partitions = makePartitions(count).all;
      const page = await readFailurePage(redis, partitions, { count: 1_000 });
      const firsts = partitions.map((each) => redis.zrange(failureKeys(each).retried, 0, '-1', 'WITHSCORES'));
      return {
        sums: await readFailures(redis, partitions),
        page: page.map(({ partition: _, ...rest }) => rest).sort((a, b) => (a.job < b.job ? -1 : 1)),
        retried: (await Promise.all(firsts)).flat(),
      };
    };
    const before = await known(2);
    expect(before.page).toHaveLength(75);
    expect(before.retried).toEqual([retried?.job, '0']);
    await change(5);
    expect(await known(5)).toEqual(before);
    expect((await verifyAll(redis, makePartitions(5), noProgress)).result).toBe('right');
  });

  it('takes along what was set aside and the receipts of runs, and waits for runs that go on', async () => {
    await fill(redis, 2, ORDERS.slice(0, 100));
    const old = makePartitions(2).all;
    await redis.zadd(RUNS_KEY, 1, 'R');
    for (const partition of old) {
      const failed = queueKey(partition, 'failed');
      const [job] = await redis.zrange(failed, 0, '0');
      await redis.zrem(failed, job as string);
      await redis.zadd(queueKey(partition, 'aside'), 7, job as string);
      await redis.hset(queueKey(partition, job as string), 'aside', '{"first":1}');
      await redis.hset(runKeys(partition, 'R').rows, job as string, '{"result":"sent"}');
      await reconcileFailures(redis, partition, { alone: true });
    }
    await redis.sadd(ACTIVE_RUNS_KEY, 'R');
    await expect(change(5)).rejects.toThrow('1 runs of repairs have not ended');
    await redis.del(ACTIVE_RUNS_KEY);
    await change(5);
    let [aside, rows] = [0, 0];
    for (const partition of makePartitions(5).all) {
      for (const job of await redis.zrange(queueKey(partition, 'aside'), 0, '-1')) {
        expect(await redis.hget(queueKey(partition, job), 'aside')).toBe('{"first":1}');
        aside += 1;
      }
      rows += await redis.hlen(runKeys(partition, 'R').rows);
    }
    expect({ aside, rows }).toEqual({ aside: 2, rows: 2 });
    expect((await verifyAll(redis, makePartitions(5), noProgress)).result).toBe('right');
  });

  it('leaves nothing of the old partitions behind, and what belongs to none as it was', async () => {
    await redis.set('order-pipeline:concurrency', 7);
    await fillStats(redis, 2, ORDERS.slice(0, 200));
    await change(5);
    const tags = makePartitions(5).all.map(({ tag }) => tag);
    const others = (await redis.keys('*')).filter((key) => !tags.some((tag) => key.startsWith(`${tag}:`)));
    expect(others.sort()).toEqual(['order-pipeline:concurrency', PARTITIONS_KEY]);
  });

  it('moves both generations of the ledger, and forgets them no sooner', async () => {
    await redis.set(PARTITIONS_KEY, 1);
    const [old, recent] = [ORDERS.slice(0, 400), ORDERS.slice(400, 900)];
    const ledger = `${makePartitions(1).all[0]?.tag}:ledger`;
    const record = recorder(redis, makePartitions(1));
    await endings(record, old);
    await redis.hset(ledger, 'since', 0);
    await endings(record, recent);
    expect(await redis.hget(ledger, 'generation')).toBe('2');
    const since = await redis.hget(ledger, 'since');

    await change(3);
    expect((await verifyAll(redis, makePartitions(3), noProgress)).result).toBe('right');
    const moved = recorder(redis, makePartitions(3));
    expect(new Set(await endings(moved, [...old, ...recent]))).toEqual(new Set(['duplicate']));
    for (const { tag } of makePartitions(3).all) {
      expect(await redis.hmget(`${tag}:ledger`, 'generation', 'since')).toEqual(['2', since]);
    }
  });

  it('gives each ledger as many buckets as it needs, so that the next order has none to split', async () => {
    await fillStats(redis, 1, ORDERS);
    await change(3);
    const buckets = () =>
      Promise.all(makePartitions(3).all.map(({ tag }) => redis.hget(`${tag}:ledger`, 'buckets')));
    const before = await buckets();
    const fresh = ['F1', 'F2', 'F3'].map((orderId) => order({ ...ORDERS[0], orderId }));
    await endings(recorder(redis, makePartitions(3)), fresh);
    expect(await buckets()).toEqual(before);
  });

  it('keeps jobs that wait in the order in which they came', async () => {
    await fill(redis, 1, ORDERS.slice(0, 10));
    await change(4);
    const queues = await queuesOf(redis, 4);
    for (const queue of queues.all) {
      const ids = (await queue.getJobs(['wait'], 0, -1, true)).map(({ id }) =>
        Number(id?.slice('waiting-'.length)),
      );
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    }
    await queues.close();
  });

  it('keeps two jobs of one id that were in different partitions, both', async () => {
    await redis.set(PARTITIONS_KEY, 4);
    const queues = await queuesOf(redis, 4);
    const message = { id: 'X', sentAt: '2025-01-01T00:00:00Z', receiveCount: 1 };
    for (const [index, partition] of makePartitions(4).all.entries()) {
      await queues.add(partition, [
        { id: 'X', data: { order: { user_id: 'SAME', order_id: index }, message } },
      ]);
    }
    await queues.close();
    await change(1);
    const merged = await queuesOf(redis, 1);
    const jobs = await merged.all[0]?.getJobs(['wait']);
    expect(jobs?.map(({ id }) => id).sort()).toEqual(['X', 'X~1', 'X~2', 'X~3']);
    expect(jobs?.map(({ data }) => (data.order as { order_id: number }).order_id).sort()).toEqual([
      0, 1, 2, 3,
    ]);
    await merged.close();
  });

  it('stays paused where it was paused, since the same moment', async () => {
    await fill(redis, 1, ORDERS.slice(0, 10));
    const one = await queuesOf(redis, 1);
    await one.all[0]?.pause();
    await one.close();
    await redis.set(pausedSinceKey(makePartitions(1).all[0] as Partition), 1_700_000_000_000);
    await change(2);
    const two = await queuesOf(redis, 2);
    expect(await Promise.all(two.all.map((queue) => queue.isPaused()))).toEqual([true, true]);
    expect(await Promise.all(makePartitions(2).all.map((each) => redis.get(pausedSinceKey(each))))).toEqual([
      '1700000000000',
      '1700000000000',
    ]);
    await two.close();
  });
});
