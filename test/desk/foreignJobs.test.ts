import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { readAside } from '../../src/desk/aside/readAside.ts';
import { proposal } from '../../src/desk/causes/proposal.ts';
import { exportFailed } from '../../src/desk/orders/exportFailed.ts';
import { groups, search, searchJobs } from '../../src/desk/orders/reads.ts';
import { show } from '../../src/desk/orders/show.ts';
import { type TryParts, tryRecipe } from '../../src/desk/runs/tryRecipe.ts';
import { reconcileFailures } from '../../src/queue/failures/reconcile.ts';
import { watchQueues } from '../../src/queue/watchQueues.ts';
import { Troubles } from '../../src/runtime/troubles.ts';
import { failureKeys, queueKey, repairKeys } from '../../src/store/keys.ts';
import type { Partition } from '../../src/store/partitions.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from '../worker/workers.ts';
import { COMMA, fail, partsOf, priced } from './runs/failing.ts';

const ORDER = '{"order":{"user_id":"U1","order_id":"OX"}}';

/** What somebody else, or a write that was cut off, may leave under the key of a job. */
const FOREIGN: Record<string, (redis: Redis, key: string) => Promise<unknown>> = {
  'a string': (redis, key) => redis.set(key, 'of somebody else'),
  'a list': (redis, key) => redis.lpush(key, 'of somebody else'),
  'a hash without data': (redis, key) => redis.hset(key, { name: 'order', failedReason: 'gone' }),
  'JSON that is cut': (redis, key) =>
    redis.hset(key, { data: ORDER.slice(0, -5), failedReason: 'wrong_type: x', stacktrace: '["wrong' }),
  'data that is null': (redis, key) => redis.hset(key, { data: 'null', stacktrace: 'null', aside: 'null' }),
  'data that is a list': (redis, key) => redis.hset(key, { data: '[1]', stacktrace: '[1]', aside: '[1]' }),
  'an order of nothing': (redis, key) =>
    redis.hset(key, { data: '{"order":null,"message":null,"exact":null}' }),
  'numbers that are none': (redis, key) =>
    redis.hset(key, { data: ORDER, timestamp: 'x', finishedOn: 'x', atm: 'x', returnvalue: '{' }),
  'numbers out of reach': (redis, key) =>
    redis.hset(key, {
      data: ORDER,
      timestamp: '1e300',
      finishedOn: '1e300',
      atm: '1e300',
      returnvalue: 'null',
    }),
};

describe('what is no job, and stands under the key of one', () => {
  let workers: TestWorkers;
  let parts: TryParts;
  let redis: Redis;
  let partition: Partition;
  const key = (name: string) => queueKey(partition, name);
  const shown = (job: string) =>
    show(parts, job).catch((error: Error) => {
      if (error.message !== 'Nothing is kept of such a job.') throw error;
    });

  beforeAll(async () => {
    workers = await testWorkers(1);
    await workers.start();
    parts = partsOf(workers);
    redis = workers.redis.client();
    partition = parts.partitions.all[0] as Partition;
    await fail(workers, [priced(1), priced(2)]);
  });
  afterAll(() => workers.stop());
  beforeEach(async () => {
    await redis.del(key('foreign'));
    for (const place of ['failed', 'aside', 'completed']) await redis.zrem(key(place), 'foreign');
  });

  describe.each(Object.entries(FOREIGN))('as %s', (_, write) => {
    it('hides none of those that have failed', async () => {
      await write(redis, key('foreign'));
      await redis.zadd(key('failed'), 5, 'foreign');
      await redis.del(failureKeys(partition).entries);
      await reconcileFailures(redis, partition, { alone: true });

      expect(await groups(parts)).toMatchObject({ orders: 3 });
      expect((await search(parts, { limit: 9 })).orders).toHaveLength(3);
      expect((await search(parts, { limit: 9, text: 'card' })).orders).toHaveLength(2);
      expect((await search(parts, { limit: 9, id: 'foreign' })).orders).toHaveLength(1);
      expect((await searchJobs(parts, { limit: 9, jobs: ['foreign', 'j1'] })).orders).toHaveLength(2);
      expect((await proposal(parts, {})).proposal).toMatchObject({ passes: 2 });
      expect(await tryRecipe(parts, {}, COMMA)).toMatchObject({ wouldCount: { orders: 2 } });
      let file = '';
      for await (const part of exportFailed(parts, {}, 'csv')) file += part;
      expect(file.trim().split('\r\n')).toHaveLength(4);
      expect(await show(parts, 'j1')).toMatchObject({ state: 'failed' });
      await shown('foreign');
    });

    it('is shown where it was set aside, or is said to have ended', async () => {
      await write(redis, key('foreign'));
      await redis.zadd(key('aside'), 5, 'foreign');
      expect(await readAside(redis, [partition], 9)).toMatchObject({ orders: 1, rows: [{ job: 'foreign' }] });
      await shown('foreign');
      await redis.zrem(key('aside'), 'foreign');
      await redis.zadd(key('completed'), 5, 'foreign');
      await shown('foreign');
    });

    it('leaves the pulse of the queues as it is', async () => {
      await write(redis, key('foreign'));
      await workers.queues.all[0]?.pause();
      await redis.rpush(key('wait'), 'foreign');
      const errors: Error[] = [];
      const watch = watchQueues(redis, parts.partitions, new Troubles(), (error) => errors.push(error));
      await until(async () => watch.state() !== undefined || errors.length > 0, 'the queues were looked at');
      await watch.stop();
      await redis.lrem(key('wait'), 0, 'foreign');
      await workers.queues.all[0]?.resume();
      expect(errors).toEqual([]);
      expect(watch.state()).toMatchObject({ waiting: 1, oldestAt: undefined });
    });
  });

  it.each(['{"original":', 'null', '5', '"x"', '{}', '{"edits":null}', '{"edits":[null]}', '[]'])(
    'hides no order beside which it is kept: %s',
    async (text) => {
      const { edits, repairs } = repairKeys(partition);
      for (const kept of [edits, repairs]) {
        await redis.hset(kept, { j1: text, ended: text });
        expect(await show(parts, 'j1')).toMatchObject({ state: 'failed', edits: [] });
        expect(await show(parts, 'j0')).toMatchObject({ state: 'failed', edits: [] });
        await shown('ended');
        await redis.hdel(kept, 'j1', 'ended');
      }
    },
  );
});
