import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { JOIN_MS, sharedReads } from '../../src/http/stats/sharedReads.ts';
import type { Watch } from '../../src/stats/read/readDeadline.ts';
import { makeWatchedReads, type ReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const OPTIONS = { mostUnderWay: 10, deadlineMs: 60_000 };

/** A read whose end a test decides. */
function heldReads() {
  const begun: { answer: (value: string) => void; fail: (error: Error) => void }[] = [];
  const reads = {
    read: (_name: string) =>
      new Promise<string>((answer, fail) => {
        begun.push({ answer, fail });
      }),
  };
  return { reads, begun };
}

describe('equal reads', () => {
  let server: TestRedis;
  let redis: Redis;
  let stats: ReadStats;
  const partitions = makePartitions(1);
  const { global, user } = statsKeys((partitions.all as never)[0]);

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
    stats = sharedReads(makeWatchedReads(server.client(), partitions), { ...OPTIONS, mostUnderWay: 1_000 });
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await redis.flushall();
    await redis.config('RESETSTAT');
  });

  async function trips(): Promise<number> {
    return Number(/cmdstat_hmget:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
  }

  it('at once take one trip to Redis', async () => {
    await redis.hset(global, 'total_orders', 7, 'total_revenue', 700);
    const answers = await Promise.all(Array.from({ length: 100 }, () => stats.global()));
    for (const answer of answers) expect(answer).toMatchObject({ orders: 7, minorUnits: 700 });
    expect(await trips()).toBe(1);
  });

  it('of different users take one each, and each gets its own answer', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `U${index}`);
    await Promise.all(ids.map((id, i) => redis.hset(user(id), 'order_count', i + 1, 'total_spend', i)));
    const answers = await Promise.all(ids.map((id) => stats.user(id)));
    expect(answers.map((answer) => answer?.orders)).toEqual(ids.map((_, i) => i + 1));
    expect(await trips()).toBe(50);
  });

  it('one after the other are each as new as they can be', async () => {
    for (let orders = 1; orders <= 20; orders += 1) {
      await redis.hset(global, 'total_orders', orders, 'total_revenue', 0);
      expect(await stats.global()).toMatchObject({ orders });
    }
  });

  it('share a failure, and the next one tries again', async () => {
    await redis.set(global, 'no hash');
    const outcomes = await Promise.allSettled([stats.global(), stats.global()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await redis.del(global);
    expect(await stats.global()).toMatchObject({ orders: 0 });
  });
});

describe('a read under way', () => {
  it('is not joined by one that comes much later, which would get an old answer', async () => {
    let now = 0;
    const { reads, begun } = heldReads();
    const shared = sharedReads(
      () => reads,
      OPTIONS,
      () => now,
    );
    const [first, soon] = [shared.read('a'), shared.read('a')];
    now += JOIN_MS;
    const late = shared.read('a');
    const withLate = shared.read('a');
    expect(begun).toHaveLength(2);
    begun[0]?.answer('old');
    begun[1]?.answer('new');
    expect(await Promise.all([first, soon, late, withLate])).toEqual(['old', 'old', 'new', 'new']);
    void shared.read('a');
    expect(begun).toHaveLength(3);
    begun[2]?.answer('');
  });

  it('is answered by the deadline, but keeps its place until it has really ended', async () => {
    const { reads, begun } = heldReads();
    const shared = sharedReads(() => reads, { mostUnderWay: 2, deadlineMs: 1 });
    for (const name of ['a', 'b']) {
      await expect(shared.read(name)).rejects.toMatchObject({
        status: 503,
        details: { kind: 'redis-unavailable' },
      });
    }
    await expect(shared.read('c')).rejects.toMatchObject({ status: 503, details: { kind: 'overloaded' } });
    expect(begun).toHaveLength(2);
    begun[0]?.fail(new Error('connection lost'));
    begun[1]?.answer('late');
    await new Promise(setImmediate);
    await expect(shared.read('d')).rejects.toMatchObject({ details: { kind: 'redis-unavailable' } });
    expect(begun).toHaveLength(3);
    begun[2]?.answer('');
  });
});

describe('a read of many round trips', () => {
  /** One that goes on until it is stopped; a test ends each of its trips. */
  function longReads(deadlineMs: number, allMs: number) {
    const trips: (() => void)[] = [];
    const readsFor = ({ signal, trip }: Watch) => ({
      async read(_name: string): Promise<string> {
        while (trips.length < 3) {
          signal.throwIfAborted();
          await trip(() => new Promise<void>((end) => trips.push(end)));
        }
        return 'all of it';
      },
    });
    let now = 0;
    const shared = sharedReads(
      readsFor,
      { mostUnderWay: 1, deadlineMs, long: { isLong: () => true, deadlineMs: allMs } },
      () => now,
    );
    const later = () => {
      now += 10 * JOIN_MS;
    };
    return { shared, trips, later };
  }

  it('is joined by equal ones until it ends, and then it is begun anew', async () => {
    const { shared, trips, later } = longReads(60_000, 60_000);
    const answers = [shared.read('a')];
    for (let trip = 0; trip < 3; trip += 1) {
      later();
      answers.push(shared.read('a'));
      trips[trip]?.();
      await new Promise(setImmediate);
    }
    expect(await Promise.all(answers)).toEqual(Array(4).fill('all of it'));
    expect(trips).toHaveLength(3);
    trips.length = 0;
    void shared.read('a').catch(() => {});
    expect(trips).toHaveLength(1);
    trips.push(
      () => {},
      () => {},
    );
    trips[0]?.();
  });

  it.each([
    ['one of them takes too long', 1, 60_000, 'redis-unavailable'],
    ['all of them take too long', 60_000, 1, 'overloaded'],
  ])(
    'is answered when %s, keeps its place until that one ends, and begins no other',
    async (_, each, all, kind) => {
      const { shared, trips } = longReads(each, all);
      await expect(shared.read('a')).rejects.toMatchObject({ status: 503, details: { kind } });
      await expect(shared.read('b')).rejects.toMatchObject({ details: { kind: 'overloaded' } });
      trips[0]?.();
      await new Promise(setImmediate);
      expect(trips).toHaveLength(1);
      await expect(shared.read('b')).rejects.toMatchObject({ status: 503, details: { kind } });
      expect(trips).toHaveLength(2);
      trips[1]?.();
      await new Promise(setImmediate);
    },
  );
});
