import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { noProgress } from '../../src/cli/kit/progress.ts';
import { rebuild } from '../../src/cli/rebuild/rebuild.ts';
import { run as rebuildCommand } from '../../src/cli/rebuild/run.ts';
import { run as verifyCommand } from '../../src/cli/verify/run.ts';
import { verifyAll } from '../../src/cli/verify/verifyAll.ts';
import type { HistoryTarget } from '../../src/history/target.ts';
import { identityOf } from '../../src/orders/identity.ts';
import type { Order } from '../../src/orders/order.ts';
import { digestsInLedger } from '../../src/stats/read/lookInLedger.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { archiveKeys } from '../../src/store/keys.ts';
import { makePartitions, type Partitions } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { endings, everything, order } from '../stats/recording.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { archiving, archivingRecorder, bothSums, partition, untilArchived } from './rig.ts';

describe('rebuilding from the history', () => {
  let postgres: TestPostgres;
  let servers: TestRedis[] = [];
  let target: HistoryTarget;
  let original: Redis;
  let copy: Redis;
  let copyUrl: string;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    servers = await Promise.all([startTestRedis(), startTestRedis()]);
    const [first, second] = servers as [TestRedis, TestRedis];
    [original, copy, copyUrl] = [first.client(), second.client(), second.url];
    target = await postgres.database();
  });
  afterEach(() => Promise.all(servers.map((server) => server.stop())));

  const sql = async (text: string) => {
    const client = await postgres.client(target);
    const { rows } = await client.query(text);
    await client.end();
    return rows;
  };
  const archive = async (redis = original, over?: Partitions) => {
    const server = servers[redis === original ? 0 : 1] as TestRedis;
    const one = await archiving(server.client(), target, over);
    await untilArchived(redis, postgres, target, over);
    await one.stop();
  };
  const run = (args = '--from-history', env: Record<string, string> = {}) =>
    runCommand(rebuildCommand, args, {
      REDIS_URL: copyUrl,
      DATABASE_URL: postgres.url(target),
      USER_DETAIL_DAYS: '4000',
      ...env,
    });
  /** Over two years, with users who come again in days, months and years. */
  const many = (count: number, from = 0): Order[] =>
    Array.from({ length: count }, (_, index) => {
      const at = from + index;
      const day = new Date(Date.UTC(2025, 0, 1 + ((at * 37) % 730))).toISOString().slice(0, 10);
      return order({
        orderId: `O${at}`,
        userId: `U${(at * 7) % 211}`,
        minorUnits: 100 + ((at * 31) % 9_000),
        day,
      });
    });
  /** All that belongs to the stats of a partition, but for what only the original can have. */
  const statsIn = async (redis: Redis) => {
    const keys = statsKeys(partition);
    const { archive: _, rebuilt: __, duplicates: ___, ...stand } = await redis.hgetall(keys.ledger);
    const all = Object.entries(await everything(redis)).filter(
      ([key]) =>
        key.startsWith(keys.prefix) &&
        ![keys.ledger, keys.detail, ...Object.values(archiveKeys(partition))].includes(key),
    );
    return { ...Object.fromEntries(all), [keys.ledger]: stand };
  };

  it('gives what the workers had written, key by key, also when it is stopped again and again', async () => {
    await endings(archivingRecorder(original), [...many(3_000), ...many(200)]);
    await archive();
    const client = await postgres.client(target);
    let stops = 0;
    for (let left = true; left; ) {
      const stopping = new AbortController();
      let added = -1;
      const progress = {
        ...noProgress,
        add(more: number) {
          // What was there already comes first.
          if (added >= 0) added += more;
          else added = 0;
          if (added >= 500) stopping.abort();
        },
      };
      await rebuild({
        client,
        redis: copy,
        at: 'here',
        partitions: 1,
        ledgerRetentionDays: 35,
        userDetailDays: 4_000,
        durability: await chooseDurability(copy, 'memory'),
        incomplete: false,
        progress,
        signal: stopping.signal,
      }).then(
        () => {
          left = false;
        },
        (error: Error) => {
          stops += 1;
          if (error.name !== 'AbortError') throw error;
        },
      );
      if (left) await expect(claimPartitions(copy, 1)).rejects.toThrow(/being rebuilt/);
    }
    await client.end();
    expect(stops).toBeGreaterThan(1);
    expect(await statsIn(copy)).toEqual(await statsIn(original));
    await claimPartitions(copy, 1);
    expect((await verifyAll(copy, makePartitions(1), noProgress)).result).toBe('right');
  });

  it('is the Redis of the history from then on, and counts nothing twice', async () => {
    await endings(archivingRecorder(original), many(300));
    await archive();
    // What Redis lost when it was set back is nobody's until it comes again.
    await sql(`UPDATE history.orders SET seq = NULL WHERE order_id IN ('O3', 'O4')`);
    const { code, stdout } = await run();
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^298 orders of .*\n2 orders, [0-9.]+, counted and were lost/s),
    ]);
    const record = archivingRecorder(copy);
    const ended = await endings(record, [...many(300), ...many(50, 300)]);
    expect(ended.filter((outcome) => outcome === 'counted')).toHaveLength(52);
    await archive(copy);
    const { kept, counted } = await bothSums(copy, postgres, target);
    expect(counted.orders).toBe(350);
    expect(kept).toEqual(counted);
    expect(await sql('SELECT tag FROM history.gaps UNION ALL SELECT tag FROM history.set_back')).toEqual([]);
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('has counted since') });
  });

  it('takes what counted beside it when it is run once more, and refuses whatever is not empty', async () => {
    const record = archivingRecorder(original);
    await endings(record, many(300));
    await archive();
    expect((await run()).code).toBe(0);
    await endings(record, many(200, 200));
    await archive();
    expect((await run()).code).toBe(0);
    expect(await statsIn(copy)).toEqual(await statsIn(original));
    await copy.flushall();
    await copy.set('somebody:else', 1);
    expect((await run()).stderr).toMatch(/is not empty/);
  });

  it('spreads over another number of partitions, and remembers no longer than the ledger would', async () => {
    await endings(archivingRecorder(original), many(400));
    await archive();
    // Counted in three windows, nothing since; an order of the first of them again in the last.
    for (const end of [100, 200, 400])
      await sql(
        `UPDATE history.orders SET counted_at = counted_at - interval '40 days' WHERE (id & 1023) < ${end}`,
      );
    await sql(`INSERT INTO history.counted_again SELECT '${partition.tag}', 13, 40, user_id, order_id, minor_units,
      placed_at, received_at, counted_at + interval '80 days', day, currency, payment_method, message_id, digest, '[]'
      FROM history.orders WHERE order_id = 'O5'`);
    expect(await run('--from-history', { PARTITIONS: '3' })).toMatchObject({ code: 0 });
    const partitions = makePartitions(3);
    const verified = await verifyAll(copy, partitions, noProgress);
    expect(verified).toMatchObject({ result: 'right', orders: 401 });
    expect(
      await runCommand(verifyCommand, '--history', {
        REDIS_URL: copyUrl,
        DATABASE_URL: postgres.url(target),
      }),
    ).toMatchObject({ code: 0 });
    const [before, after] = [makeReadStats(original, makePartitions(1)), makeReadStats(copy, partitions)];
    const range = { startDay: '2025-02-03', endDay: '2026-11-05' };
    expect(await after.usersSeries('month', range)).toEqual(await before.usersSeries('month', range));
    const known = await Promise.all(
      many(400).map(async (one) => {
        const [digest] = await digestsInLedger(copy, partitions.of(one.userId), [identityOf(one)], {
          retentionDays: 35,
        });
        return digest === undefined ? undefined : one.orderId;
      }),
    );
    const kept = new Set(
      (await sql('SELECT order_id FROM history.orders WHERE (id & 1023) >= 200')).map((row) => row.order_id),
    );
    expect(new Set(known.filter((id) => id !== undefined))).toEqual(kept.add('O5'));
  });

  it('says what the history lacks, and goes on without it when that is wanted', async () => {
    await endings(makeRecordOrder(original, partition, { retentionDays: 35 }), many(10));
    await endings(archivingRecorder(original), many(20, 10));
    await archive();
    const refused = await run();
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('lacks 10 orders') });
    expect(await copy.dbsize()).toBe(0);
    expect(await run('--from-history --incomplete')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^20 orders .*complete from 20/s),
    });
    expect(await sql('SELECT orders FROM history.gaps WHERE in_redis')).toEqual([]);
    expect((await verifyAll(copy, makePartitions(1), noProgress)).result).toBe('right');
  });
});
