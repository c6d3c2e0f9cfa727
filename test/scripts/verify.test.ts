import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { makeAuditLog } from '../../src/audit/auditLog.ts';
import { run as verify } from '../../src/cli/verify/run.ts';
import { reconcileFailures } from '../../src/queue/failures/reconcile.ts';
import { causeId } from '../../src/queue/failures/shape.ts';
import { forgetDetail } from '../../src/stats/forgetDetail.ts';
import { type FailureKeys, failureKeys, repairKeys } from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../src/store/statsKeys.ts';
import { endings, order, recorder } from '../stats/recording.ts';
import { editFailed } from '../support/editing.ts';
import { silentLogger } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { fillStats, queuesOf, someOrders } from './repartitionData.ts';
import { runCommand } from './verifyCommand.ts';

const ORDERS = someOrders(600, 5);
const partitions = makePartitions(3);

describe('order-pipeline verify', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await redis.flushall();
    await fillStats(redis, 3, ORDERS);
  });

  const run = (args = '') => runCommand(verify, args, { REDIS_URL: server.url });

  it('finds nothing wrong in what the workers wrote, whatever PARTITIONS says', async () => {
    const { code, stdout } = await runCommand(verify, '', { REDIS_URL: server.url, PARTITIONS: '8' });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^orders of all users = global +600 +600 +ok$/m);
    expect(stdout).toMatch(/^All 31 checks hold: 600 orders of 120 users in 3 partitions\.$/m);
  });

  it('finds nothing wrong where nothing was counted yet', async () => {
    await redis.flushall();
    await redis.set('order-pipeline:partitions', 2);
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringMatching(/0 orders of 0 users/) });
  });

  /** The first user of ours, with the keys of the partition. */
  const { userId, day } = ORDERS[0] as (typeof ORDERS)[0];
  const keys = statsKeys(partitions.of(userId));
  const [month, year] = [day.slice(0, 7), day.slice(0, 4)];

  it.each<[string, () => Promise<unknown>, string[], string[]]>([
    [
      "a user's spend",
      () => redis.hincrby(keys.user(userId), 'total_spend', 1),
      [
        'spend of all users = global',
        'users right in the list by spend',
        'users whose months equal their spend',
      ],
      [userId],
    ],
    [
      "a user's orders",
      () => redis.hincrby(keys.user(userId), 'order_count', 1),
      ['orders of all users = global', 'users right in the list by orders'],
      [userId],
    ],
    [
      'a score in the list by spend',
      () => redis.zincrby(keys.bySpend, 5, userId),
      ['users right in the list by spend'],
      [userId],
    ],
    [
      'a user missing in the list by orders',
      () => redis.zrem(keys.byCount, userId),
      ['users right in the list by orders'],
      [userId],
    ],
    [
      'a user missing in the list by spend',
      () => redis.zrem(keys.bySpend, userId),
      ['orders of all users = global', 'spend of all users = global', 'users right in the list by spend'],
      [userId],
    ],
    [
      'a user whom only the list by orders knows',
      () => redis.zadd(keys.byCount, 3, 'GHOST'),
      [
        'users right in the list by spend',
        'users right in the list by orders',
        'users whose months equal their spend',
      ],
      ['GHOST'],
    ],
    [
      'a user whom no list knows',
      () => redis.hset(keys.user('GHOST'), { order_count: 1, total_spend: 2 }),
      [
        'users right in the list by spend',
        'users right in the list by orders',
        'users whose months equal their spend',
      ],
      ['GHOST'],
    ],
    [
      'the global orders',
      () => redis.hincrby(keys.global, 'total_orders', 1),
      [
        'orders of all users = global',
        'orders of all years = global',
        'orders of all months = global',
        'orders of all days = global',
        'orders in the ledger = global',
      ],
      [],
    ],
    [
      'the orders of a year',
      () => redis.hincrby(keys.years, `${year}:orders`, 1),
      ['orders of all years = global', 'years that equal their months'],
      [],
    ],
    [
      'years of which one has the revenue of the other',
      async () => {
        await redis.hincrby(keys.years, `${year}:revenue`, 1);
        const other = ORDERS.find((one) => !one.day.startsWith(year))?.day.slice(0, 4);
        await redis.hincrby(keys.years, `${other}:revenue`, -1);
      },
      ['years that equal their months'],
      [],
    ],
    [
      'years that are missing',
      () => redis.del(keys.years),
      ['orders of all years = global', 'revenue of all years = global', 'years that equal their months'],
      [],
    ],
    [
      'the revenue of a day',
      () => redis.hincrby(keys.days, `${day}:revenue`, 1),
      ['revenue of all days = global', 'months that equal their days', 'days that equal their spenders'],
      [],
    ],
    [
      'the spenders of a day',
      () => redis.zincrby(keys.spend(day), 1, userId),
      ['days that equal their spenders'],
      [],
    ],
    [
      'the orders of a user on a day',
      () => redis.hincrby(keys.counts(day), userId, 1),
      ['days that equal their spenders'],
      [],
    ],
    [
      'orders of a user who spent nothing in a month',
      () => redis.hset(keys.counts(month), 'GHOST', 0),
      ['months that equal their spenders'],
      [],
    ],
    [
      'the spenders of a month',
      () => redis.zincrby(keys.spend(month), 1, userId),
      ['months that equal their spenders', 'users whose months equal their spend'],
      [userId],
    ],
    [
      'two days that make up for each other',
      async () => {
        await redis.hincrby(keys.days, `${day}:orders`, 1);
        const other = ORDERS.find((one) => one.day.slice(0, 7) !== month)?.day;
        await redis.hincrby(keys.days, `${other}:orders`, -1);
      },
      ['months that equal their days', 'days that equal their spenders'],
      [],
    ],
    [
      'a new user of a day who is none of its month',
      () => redis.hincrby(keys.newUsers, day, 1),
      ['months that equal their days'],
      [],
    ],
    [
      'an entry missing in the ledger',
      async () =>
        redis.hdel(`${keys.ledger}:1:0`, ...(await redis.hkeysBuffer(`${keys.ledger}:1:0`)).slice(0, 1)),
      ['ledger size = entries found', 'orders in the ledger = global'],
      [],
    ],
    [
      'ledger sizes that make up for each other',
      async () => {
        const [one, other] = partitions.all.map((each: Partition): StatsKeys => statsKeys(each));
        await redis.hincrby(one?.ledger ?? '', 'size', 1);
        await redis.hincrby(other?.ledger ?? '', 'size', -1);
      },
      ['ledger size = entries found'],
      [],
    ],
    [
      'a job that was added by a process of another number of partitions',
      () => redis.lpush(`${makePartitions(8).all[5]?.tag}:orders:wait`, 'X'),
      ['orders or jobs outside the partitions'],
      [],
    ],
  ])('names the difference: %s', async (_, damage, checks, users) => {
    await damage();
    const { code, stdout } = await run('--json');
    const { result, checks: all, first } = JSON.parse(stdout) as Verified;
    expect({ code, result }).toEqual({ code: 1, result: 'differs' });
    expect(all.filter(({ verdict }) => verdict !== 'ok').map(({ name }) => name)).toEqual(checks);
    expect(first.map((user) => user.userId)).toEqual(users);
  });

  it('shows the first twenty of the users that differ, and how many there are', async () => {
    const users = [...new Set(ORDERS.map((one) => one.userId))].slice(0, 25);
    for (const user of users)
      await redis.hincrby(statsKeys(partitions.of(user)).user(user), 'order_count', 1);
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^users that differ, the first 20 of 25$/m);
    expect(stdout.match(/ order list$/gm)).toHaveLength(20);
    expect(stdout).toMatch(/^users right in the list by orders +120 +95 +differs$/m);
  });

  it('names the days that differ', async () => {
    await redis.hincrby(keys.days, `${day}:revenue`, 1);
    expect((await run()).stdout).toMatch(
      new RegExp(`^days that equal their spenders +6 +5 +differs: ${day}$`, 'm'),
    );
  });

  it('expects nothing of single users on days whose detail was dropped', async () => {
    const days = [...new Set(ORDERS.map((one) => one.day))].sort();
    for (const partition of partitions.all) await forgetDetail(redis, partition, days[3] as string);
    expect((await run()).code).toBe(0);
    await redis.hset(keys.counts(days[0] as string), userId, 1);
    expect((await run()).stdout).toMatch(/^days that equal their spenders +6 +5 +differs/m);
  });

  it('takes no fault in a ledger that has forgotten, as long as it has not too much', async () => {
    const record = recorder(redis, partitions);
    const later = (from: number) =>
      ORDERS.slice(0, 100).map((one) => order({ ...one, orderId: `L${from}${one.orderId}` }));
    for (const turn of [1, 2]) {
      for (const partition of partitions.all) await redis.hset(statsKeys(partition).ledger, 'since', 0);
      await endings(record, later(turn));
    }
    const { code, stdout } = await run();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^orders in the ledger, at most global +800 +200 +ok$/m);
    await redis.hset(
      `${keys.ledger}:3:0`,
      Object.fromEntries(later(9).map((one) => [one.orderId, 'x'.repeat(8)])),
    );
    for (let i = 0; i < 700; i += 1) await redis.hset(`${keys.ledger}:3:0`, `too-many-${i}`, 'x');
    expect((await run()).stdout).toMatch(/^orders in the ledger, at most global +800 +1,000 +differs$/m);
  });

  it('finds an edited order whose history has a hole, and a repair that no list leads to', async () => {
    const [partition] = partitions.all as [Partition];
    const queues = await queuesOf(redis, 3);
    const message = { id: 'J1', sentAt: '2025-01-01T00:00:00Z', receiveCount: 1 };
    await queues.add(partition, [{ id: 'J1', data: { order: { user_id: 'U1' }, message } }]);
    await queues.close();
    await redis.zadd(`${partition.tag}:orders:failed`, 1, 'J1');
    for (const value of [1, 2, 3]) {
      await editFailed(redis, partition, 'J1', { order: { user_id: 'U1', order_value: value }, message });
    }
    expect((await run()).stdout).toMatch(/^edited orders with all they were before +1 +1 +ok$/m);
    const { edits, ended } = repairKeys(partition);
    const text = (await redis.hget(edits, 'J1')) as string;
    await redis.hset(edits, 'J1', text.replace('"order_value":2', '"order_value":7'));
    await redis.zadd(ended, 1, 'NOBODY');
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^edited orders with all they were before +1 +0 +differs: J1$/m);
    expect(stdout).toMatch(/^repairs listed by when they ended +0 +1 +differs$/m);
  });

  it.each<[string, (keys: FailureKeys) => Promise<unknown>, Record<string, string>]>([
    [
      'an entry that is missing',
      ({ entries }) => redis.hdel(entries, 'J1'),
      { known: '3 2', entries: '2 2', listed: '2 3', sums: '4 0', causes: '2 0' },
    ],
    [
      'an entry of a job that is none',
      ({ entries }) => redis.hset(entries, 'J9', `0 -${causeId('fault\n\n')}"","`),
      { known: '3 3', entries: '4 3', listed: '4 3', sums: '6 2', causes: '3 1' },
    ],
    [
      'an entry of an earlier failure',
      ({ entries }) => redis.hset(entries, 'J1', `5 200-${causeId('fault\n\n')}"","`),
      { known: '3 2', entries: '3 2', listed: '3 3', sums: '4 2', causes: '2 1' },
    ],
    [
      'a sum',
      ({ sums }) => redis.hincrby(sums, 'minor_units', 1),
      { known: '3 3', entries: '3 3', listed: '3 3', sums: '4 3', causes: '2 2' },
    ],
    [
      'a sum of a cause',
      ({ causes }) => redis.hincrby(causes, `${causeId('fault\n\n')}:orders`, 1),
      { known: '3 3', entries: '3 3', listed: '3 3', sums: '4 4', causes: '2 1' },
    ],
    [
      'a time',
      ({ since }) => redis.zrem(since, 'J1'),
      { known: '3 2', entries: '3 2', listed: '3 2', sums: '4 4', causes: '2 2' },
    ],
    [
      'where an order is looked for',
      ({ ids }) => redis.del(ids),
      { known: '3 3', entries: '3 3', listed: '3 3', posted: '3 0', sums: '4 4', causes: '2 2' },
    ],
  ])('finds an index of failed orders that is wrong in %s', async (_, damage, figures) => {
    const queues = await queuesOf(redis, 3);
    const [partition] = partitions.all as [Partition];
    const failureOf = failureKeys(partition);
    for (const id of ['J1', 'J2', 'J3']) {
      const message = { id, sentAt: '2025-01-01T00:00:00Z', receiveCount: 1 };
      await queues.add(partition, [{ id, data: { order: { order_id: id, order_value: 1 }, message } }]);
      await redis.lrem(`${partition.tag}:orders:wait`, 1, id);
      await redis.zadd(`${partition.tag}:orders:failed`, 1_000, id);
    }
    await queues.close();
    await reconcileFailures(redis, partition, { alone: true });
    expect(await run()).toMatchObject({ code: 0 });
    await damage(failureOf);
    const { code, stdout } = await run();
    expect(code).toBe(1);
    const found = (name: string) =>
      new RegExp(`^${name} +(\\d+) +(\\d+) `, 'm').exec(stdout)?.slice(1).join(' ');
    expect({
      known: found('failed orders in their index'),
      entries: found('entries there of orders that have failed'),
      listed: found('entries listed by when they first failed'),
      posted: found('orders that are found by their ids'),
      sums: found('sums over the entries, by reason'),
      causes: found('sums over the entries, by cause'),
    }).toMatchObject(figures);
  });

  it('finds a gap in the audit log', async () => {
    const log = makeAuditLog(redis, { retentionDays: 400, logger: silentLogger() });
    for (let n = 0; n < 3; n += 1) {
      await log.change({ kind: 'open' }, { action: 'pause' }, async () => ({ result: 'done' }));
    }
    expect((await run()).stdout).toMatch(/^audit entries without a gap before them +6 +6 +ok$/m);
    const [, second] = await redis.xrange('order-pipeline:audit', '-', '+');
    await redis.xdel('order-pipeline:audit', second?.[0] as string);
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^audit entries without a gap before them +5 +4 +differs: \d+-\d+: it does not/m);
  });

  it('reads in small steps: it never asks for a whole list, hash or key space at once', async () => {
    await redis.config('RESETSTAT');
    await run();
    const used = (await redis.info('commandstats')).match(/(?<=cmdstat_)[a-z|]+/g) ?? [];
    const reads = [
      'dbsize',
      'exec',
      'exists',
      'get',
      'hget',
      'hlen',
      'hmget',
      'hscan',
      'multi',
      'scan',
      'time',
      'xrange',
      'zcard',
      'zmscore',
      'zrange',
      'zscore',
    ];
    const connecting = ['hello', 'info', 'ping', 'config|resetstat', 'client|setname', 'client|setinfo'];
    expect(used.filter((name) => !reads.includes(name) && !connecting.includes(name))).toEqual([]);
  });
});

interface Verified {
  result: string;
  checks: { name: string; verdict: string }[];
  first: { userId: string }[];
}
