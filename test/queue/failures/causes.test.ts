import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { InvalidOrder } from '../../../src/orders/invalidOrder.ts';
import { makeParseOrder } from '../../../src/orders/parseOrder.ts';
import { type Failure, notedOf } from '../../../src/queue/failures/failure.ts';
import { noteAll } from '../../../src/queue/failures/noteFailures.ts';
import { type CauseSums, readCauses, trendOf } from '../../../src/queue/failures/readCauses.ts';
import {
  type FailureCursor,
  type FailureFilter,
  readFailurePage,
  readFailures,
  searchFailures,
} from '../../../src/queue/failures/readFailures.ts';
import { reconcileFailures } from '../../../src/queue/failures/reconcile.ts';
import { shapeOf } from '../../../src/queue/failures/shape.ts';
import { failureKeys, olderFailureKeys, queueKey } from '../../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../../src/store/partitions.ts';
import { anOrder, RULES } from '../../support/orders.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';

describe('the shape of a value', () => {
  it.each([
    ['12,50', '9,9'],
    ['1 234.5 €', '9 9.9 €'],
    ['Straße', 'a'],
    ['שלום-١٢', 'a-9'],
    ['', ''],
    [12.5, '9.9'],
    [-1, '-9'],
    [null, 'null'],
    [undefined, 'nothing'],
    [[1], 'array'],
    [{}, 'object'],
    [true, 'boolean'],
    ['a\nb\u202ec\ud800', 'a\ufffda\ufffda\ufffd'],
  ])('of %j is %j', (value, shape) => {
    expect(shapeOf(value)).toBe(shape);
  });

  it('is short whatever was sent', () => {
    expect(shapeOf('1,'.repeat(500_000)).length).toBe(40);
    expect(shapeOf('9'.repeat(1_000_000))).toBe('9');
  });
});

describe('the causes of failed orders', () => {
  const { all, of } = makePartitions(2);
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  /** As a worker leaves it, and notes it. */
  const fail = async (id: string, order: Record<string, unknown>, at = 1_000) => {
    const partition = of(String(order.user_id ?? id));
    const error = refusalOf(order);
    await redis.hset(queueKey(partition, id), {
      data: JSON.stringify({ order, message: { id } }),
      failedReason: error.message,
      stacktrace: JSON.stringify([error.stack]),
    });
    await redis.zadd(queueKey(partition, 'failed'), at, id);
    const noted = notedOf({ order }, error.issues, 1);
    await noteAll(redis, partition, [{ job: id, failedOn: String(at), ...noted }], { found: true });
    return partition;
  };
  const refusalOf = (order: unknown): InvalidOrder => {
    try {
      makeParseOrder(RULES)(order, '2025-01-01T00:00:00Z');
    } catch (error) {
      if (error instanceof InvalidOrder) return error;
    }
    throw new Error('it is a good order');
  };
  const leave = async (partition: Partition, id: string) => {
    await redis.zrem(queueKey(partition, 'failed'), id);
    await noteAll(redis, partition, [{ job: id }]);
  };
  const priced = (price: unknown, more: Record<string, unknown> = {}) =>
    anOrder({ items: [{ product_id: 'P', quantity: 1, price_per_unit: price }], ...more });

  it('are a reason, a place and a shape, over all partitions, largest money first', async () => {
    for (let n = 0; n < 6; n += 1) {
      await fail(`c${n}`, priced(`${n},50`, { user_id: `U${n % 3}`, order_value: 10 }), 1_000 + n);
    }
    await fail('v1', anOrder({ user_id: 'u0', order_value: '900.00' }), 500);
    await fail('both', priced('x', { user_id: 'U9', order_value: 100, currency: 'EUR' }), 2_000);
    const causes = await readCauses(redis, all);
    const time = (ms: number) => new Date(ms).toISOString();
    expect(causes.map(({ id, newest, hours, ...cause }) => cause)).toEqual([
      {
        reason: 'wrong_type',
        path: 'order_value',
        shape: '9.9',
        orders: 1,
        users: 1,
        minorUnits: 90_000,
        unknown: 0,
        firstSeen: time(500),
        lastSeen: time(500),
      },
      ...[
        { reason: 'currency_mismatch', path: 'currency', shape: 'a' },
        { reason: 'wrong_type', path: 'items[*].price_per_unit', shape: 'a' },
      ]
        .map((each) => ({
          ...each,
          orders: 1,
          users: 1,
          minorUnits: 10_000,
          unknown: 0,
          firstSeen: time(2_000),
          lastSeen: time(2_000),
        }))
        .sort(
          (a, b) =>
            causes.findIndex(({ path }) => path === a.path) - causes.findIndex(({ path }) => path === b.path),
        ),
      {
        reason: 'wrong_type',
        path: 'items[*].price_per_unit',
        shape: '9,9',
        orders: 6,
        users: 3,
        minorUnits: 6_000,
        unknown: 0,
        firstSeen: time(1_000),
        lastSeen: time(1_005),
      },
    ]);
    expect(await readFailures(redis, all)).toMatchObject({ orders: 8, minorUnits: 106_000 });
  });

  it('forget an order that leaves, and themselves with the last one', async () => {
    const partition = await fail('a', priced('1,5', { user_id: 'U1' }));
    await fail('b', priced('2,5', { user_id: 'U1' }));
    await leave(partition, 'a');
    expect(await readCauses(redis, all)).toMatchObject([{ orders: 1, users: 1 }]);
    await fail('c', priced(null, { user_id: 'U1' }));
    await leave(partition, 'b');
    expect(await readCauses(redis, all)).toMatchObject([{ shape: 'null', orders: 1, users: 1 }]);
    await leave(partition, 'c');
    expect(await redis.exists(failureKeys(partition).causes, failureKeys(partition).users)).toBe(0);
  });

  it('are the same when the index is made anew from the jobs, in part or as a whole', async () => {
    for (let n = 0; n < 30; n += 1) {
      const currency = n % 5 === 0 ? 'EUR' : 'USD';
      await fail(
        `n${n}`,
        priced([`${n},5`, null, 'x', -1][n % 4], { user_id: `U${n % 7}`, currency }),
        1_000 + n,
      );
    }
    const before = await readCauses(redis, all);
    expect(before.length).toBe(5);
    const { since: _, retried: __, ...one } = failureKeys(all[0] as Partition);
    for (const gone of [
      Object.keys(one),
      ['causes'],
      ['causes', 'users', 'hours'],
      ['sums'],
      ['entries'],
      ['since'],
    ]) {
      for (const partition of all) {
        const keys = failureKeys(partition);
        await redis.del(...gone.map((name) => keys[name as keyof typeof keys]));
        await reconcileFailures(redis, partition, { alone: true });
      }
      expect([gone, await readCauses(redis, all)]).toEqual([gone, before]);
    }
    for (const partition of all) {
      const { causes } = failureKeys(partition);
      const [some = ''] = (await redis.hkeys(causes)).filter((name) => name.endsWith(':cause'));
      await redis.hdel(causes, some);
      await reconcileFailures(redis, partition, { alone: true });
    }
    expect(await readCauses(redis, all)).toEqual(before);
  });

  it('are found anew over an index of an older layout, of which the first times stay and nothing else', async () => {
    const partition = await fail('a', priced('1,5', { user_id: 'U1' }), 5_000);
    const [cause] = await readCauses(redis, all);
    const { since, retried: _, ...keys } = failureKeys(partition);
    await redis.del(...Object.values(keys));
    await redis.zadd(since, 3_000, 'a', 2_000, 'left while the older version ran');
    const older = olderFailureKeys(partition);
    await redis.hset(older[0] as string, 'a', '[5000,5000,100,"","",1,[],[],""]');
    for (const key of older.slice(1)) await redis.hset(key, 'orders', 1);
    await reconcileFailures(redis, partition, { alone: true });
    expect(await redis.exists(...older)).toBe(0);
    const first = new Date(3_000).toISOString();
    expect(await readCauses(redis, all)).toEqual([{ ...cause, firstSeen: first, newest: first }]);
    expect(await redis.zrange(since, 0, '-1')).toEqual(['a']);
  });

  it('say how many of their orders failed first in each hour, a retry that fails again included once', async () => {
    const HOUR = 3_600_000;
    const now = 490_000 * HOUR + 5;
    for (const [n, ago] of [0, 0, 1, 47, 48, 95].entries())
      await fail(`h${n}`, priced('1,5', { user_id: `U${n}` }), now - ago * HOUR);
    const trend = async () => {
      const [cause] = await readCauses(redis, all);
      const hours = trendOf(cause as CauseSums, now);
      return Object.entries(hours).flatMap(([at, orders]) => (orders > 0 ? [[47 - Number(at), orders]] : []));
    };
    expect(await trend()).toEqual([
      [47, 1],
      [1, 1],
      [0, 2],
    ]);
    const partition = of('U2');
    await redis.zrem(queueKey(partition, 'failed'), 'h2');
    await noteAll(redis, partition, [{ job: 'h2' }]);
    expect(await trend()).toEqual([
      [47, 1],
      [0, 2],
    ]);
    await fail('h2', priced('7,25', { user_id: 'U2' }), now);
    expect(await trend()).toEqual([
      [47, 1],
      [1, 1],
      [0, 2],
    ]);
    for (const each of all) {
      const { since: _, retried: __, ...keys } = failureKeys(each);
      await redis.del(...Object.values(keys));
      await reconcileFailures(redis, each, { alone: true });
    }
    expect(await trend()).toEqual([
      [47, 1],
      [1, 1],
      [0, 2],
    ]);
  });

  it('stay a readable number when no two values look alike', async () => {
    const partition = all[0] as Partition;
    const jobs = Array.from({ length: 1_200 }, (_, n) => ({
      job: `s${n}`,
      failedOn: '5',
      ...notedOf(
        { order: priced(`${'-'.repeat(n % 11)}${'!'.repeat((n / 11) % 11)}${'+'.repeat(n / 121)}1`) },
        [{ code: 'wrong_type', path: 'items[0].price_per_unit' }],
        1,
      ),
    }));
    for (const { job } of jobs) await redis.zadd(queueKey(partition, 'failed'), 5, job);
    await noteAll(redis, partition, jobs, { found: true });
    const causes = await readCauses(redis, [partition]);
    expect(causes.length).toBeLessThanOrEqual(1_010);
    expect(causes.reduce((sum, { orders }) => sum + orders, 0)).toBe(1_200);
    expect(causes.find(({ shape }) => shape === '…')?.orders).toBeGreaterThan(100);
    await redis.del(queueKey(partition, 'failed'));
    await reconcileFailures(redis, partition, { alone: true });
    expect(await readCauses(redis, [partition])).toEqual([]);
  });

  it('lead to their orders, as do a reason and a text in the order', async () => {
    for (let n = 0; n < 8; n += 1) {
      await fail(
        `p${n}`,
        priced(n % 2 === 0 ? '1,5' : null, { user_id: `U${n}`, order_id: `Find-${n}` }),
        n + 1,
      );
    }
    const causes = await readCauses(redis, all);
    const comma = causes.find(({ shape }) => shape === '9,9')?.id;
    const jobs = async (where: object, count = 100) =>
      (await readFailurePage(redis, all, { count, where })).map(({ job }) => job);
    expect(await jobs({ cause: comma })).toEqual(['p0', 'p2', 'p4', 'p6']);
    expect(await jobs({ cause: comma }, 2)).toEqual(['p0', 'p2']);
    expect(await jobs({ reason: 'missing_field' })).toEqual(['p1', 'p3', 'p5', 'p7']);
    expect(await jobs({ text: 'FIND-3' })).toEqual(['p3']);
    expect(await jobs({ text: 'pine st', reason: 'wrong_type' })).toEqual(['p0', 'p2', 'p4', 'p6']);
    expect(await jobs({ cause: 'no such' })).toEqual([]);
    await fail('q', priced(null, { user_id: 'U1', order_id: 'ÉTÉ "7"' }), 99);
    expect(await jobs({ text: 'ÉtÉ "7"' })).toEqual(['q']);
  });

  it('are searched for the one that failed last first, a stretch at a time back to where it was looked', async () => {
    // As random as it has to be, and the same each time.
    let drawn = 7;
    const pick = (most: number) => {
      drawn = (drawn * 48_271) % 2_147_483_647;
      return drawn % most;
    };
    for (let n = 0; n < 700; n += 1) {
      const order = { user_id: `u${pick(40)}`, order_id: `o-${100 + pick(300)}` };
      await fail(`S${n}`, priced(pick(3) === 0 ? null : `${n},5`, order), 1_000 + pick(150));
    }
    const failed = await readFailurePage(redis, all, { count: 1_000 });
    const lookFor = async (where: FailureFilter, count: number, forMs?: number) => {
      const found: Failure[] = [];
      let after: FailureCursor | undefined;
      let pages = 0;
      do {
        const page = await searchFailures(redis, all, { after, count, where, forMs });
        found.push(...page.found);
        after = page.after;
        pages += 1;
      } while (after !== undefined);
      const times = found.map(({ firstFailedAt }) => firstFailedAt);
      expect(times).toEqual([...times].sort().reverse());
      return { jobs: found.map(({ job }) => job).sort(), pages };
    };
    const expected = (is: (failure: Failure) => boolean) =>
      failed
        .filter(is)
        .map(({ job }) => job)
        .sort();
    for (const forMs of [0, undefined]) {
      for (const count of [1 + pick(20), 50]) {
        expect((await lookFor({}, count, forMs)).jobs).toEqual(expected(() => true));
        expect((await lookFor({ reason: 'missing_field' }, count, forMs)).jobs).toEqual(
          expected(({ issues }) => issues.some(({ code }) => code === 'missing_field')),
        );
        const [order, user] = [`O-${100 + pick(300)}`, `U${pick(40)}`];
        for (const id of [order, user, ` ${user} `])
          expect((await lookFor({ id }, count, forMs)).jobs).toEqual(
            expected(({ orderId, userId }) =>
              [orderId, userId].some((each) => each.toUpperCase() === id.trim()),
            ),
          );
        expect((await lookFor({ text: order, reason: 'missing_field' }, count, forMs)).jobs).toEqual(
          expected(
            ({ orderId, issues: [issue] }) =>
              orderId.toUpperCase() === order && issue?.code === 'missing_field',
          ),
        );
      }
    }
    const [some] = failed;
    expect((await lookFor({ id: some?.job ?? '' }, 5)).jobs).toEqual([some?.job]);
    expect(await lookFor({ id: 'nobody' }, 5)).toEqual({ jobs: [], pages: 1 });
    expect(await lookFor({ text: 'in none of them' }, 5, 0)).toMatchObject({ jobs: [] });
  });

  it('are found by an id however it is spelled, as the product takes it for the same, and not once they have left', async () => {
    const written = ['\u00c4b-1', 'a\u0308B-1', ' \u00e4b-1', 'stra\u00dfe', 'plain'];
    for (const [n, id] of written.entries())
      await fail(`j${n}`, priced('1,5', { order_id: id, user_id: `U${n}` }), 1_000 + n);
    const found = async (id: string) =>
      (await searchFailures(redis, all, { count: 100, where: { id }, forMs: 60_000 })).found
        .map(({ job }) => job)
        .sort();
    for (const id of ['\u00e4b-1', '\u00c4B-1', 'A\u0308b-1 '])
      expect(await found(id)).toEqual(['j0', 'j1', 'j2']);
    expect([await found('STRASSE'), await found('Plain'), await found('ab-1')]).toEqual([['j3'], ['j4'], []]);
    for (const partition of all) await redis.del(queueKey(partition, 'failed'));
    for (const partition of all) await reconcileFailures(redis, partition, { alone: true });
    expect(await redis.exists(...all.map((each) => failureKeys(each).ids).slice(0, 1))).toBe(0);
    expect(await found('\u00e4b-1')).toEqual([]);
  });

  it('are found by an id although thousands have it, and not any more once they have left', async () => {
    const partition = of('U1');
    const order = priced('1,5', { user_id: 'U1' });
    const { issues } = refusalOf(order);
    const jobs = Array.from({ length: 4_200 }, (_, n) => ({
      ...notedOf({ order: { ...order, order_id: `O${n}` } }, issues, 1),
      job: `many${n}`,
      failedOn: String(1_000 + (n % 50)),
    }));
    for (const { job, failedOn } of jobs) await redis.zadd(queueKey(partition, 'failed'), failedOn, job);
    await noteAll(redis, partition, jobs, { found: true });
    const found = async (id: string) =>
      (await searchFailures(redis, all, { count: 5_000, where: { id }, forMs: 60_000 })).found.length;
    expect(await found('u1')).toBe(4_200);
    expect(await found('o77')).toBe(1);
    const keys = failureKeys(partition);
    expect((await redis.hvals(keys.ids)).filter((held) => held === '-')).toEqual(['-']);
    await redis.del(queueKey(partition, 'failed'));
    await reconcileFailures(redis, partition, { alone: true });
    expect(await found('u1')).toBe(0);
    expect(await redis.exists(keys.ids)).toBe(0);
  });
});
