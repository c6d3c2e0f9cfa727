import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import type { Client } from 'pg';
import { ArchivePartition } from '../../src/history/archivePartition.ts';
import { migrate } from '../../src/history/migrate.ts';
import { lockPosition } from '../../src/history/positions.ts';
import type { HistoryTarget } from '../../src/history/target.ts';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { archiveKeys, INSTALLATION_KEY } from '../../src/store/keys.ts';
import { endings, order } from '../stats/recording.ts';
import { until } from '../support/until.ts';
import { type Archiving, archivingRecorder, historyRig, openClient, partition } from './rig.ts';

describe('the history, when things go wrong', () => {
  const rig = historyRig();
  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) =>
      order({ orderId: `O${from + at}`, userId: `U${(from + at) % 17}` }),
    );
  const troubleOf = (one: Archiving) =>
    one.troubles.current.find(({ what }) => what === 'history')?.reason ?? '';
  const dump = async () =>
    new Map(
      await Promise.all(
        (await rig.redis.keys('*')).map(async (key) => [key, await rig.redis.dumpBuffer(key)] as const),
      ),
    );
  const restore = async (state: Map<string, Buffer>) => {
    await rig.redis.flushall();
    for (const [key, value] of state) await rig.redis.restore(key, 0, value);
  };

  it('keeps each order once when two archive the same stream', async () => {
    const record = archivingRecorder(rig.redis);
    await Promise.all([rig.archive(), rig.archive()]);
    for (let round = 0; round < 20; round += 1) await endings(record, many(40, round * 40));
    await rig.sums();
    const states = () =>
      rig.archivers
        .map((one) => one.health().state)
        .sort()
        .join();
    await until(() => states() === 'archiving,standby', 'one archives, the other stands by');
  });

  it('goes on by the other one when the first is stopped', async () => {
    const record = archivingRecorder(rig.redis);
    const first = await rig.archive();
    await endings(record, many(40));
    await rig.archived();
    await rig.archive();
    await first.stop();
    await endings(record, many(40, 40));
    await rig.sums();
  });

  it('goes on where it was after PostgreSQL was killed, and says so meanwhile', async () => {
    const record = archivingRecorder(rig.redis);
    const archiver = await rig.archive();
    await endings(record, many(100));
    await rig.archived();
    process.kill(rig.postgres.pid(), 'SIGKILL');
    await endings(record, many(100, 100));
    await until(() => troubleOf(archiver) !== '', 'the trouble is told');
    expect(archiver.health().state).toBe('away');
    await rig.postgres.restart();
    await rig.sums();
    await until(() => troubleOf(archiver) === '', 'the trouble is over');
  });

  it('says so where another session has the lock and takes nothing', async () => {
    await endings(archivingRecorder(rig.redis), many(40));
    const hanging = await rig.postgres.client(rig.target);
    await hanging.query('BEGIN');
    await lockPosition(hanging, partition);
    let now = Date.now();
    const standing = await rig.archive({ now: () => now });
    await until(() => standing.health().state === 'standby', 'it stands by');
    await until(() => {
      now += 10_000;
      return troubleOf(standing) !== '';
    }, 'the trouble is told');
    expect(troubleOf(standing)).toMatch(/another session has the lock and takes nothing/);
    await hanging.end();
    await rig.archived();
    await until(() => troubleOf(standing) === '', 'the trouble is over');
  });

  it('trims nothing that is not committed', async () => {
    const record = archivingRecorder(rig.redis);
    await endings(record, many(320));
    const client = await rig.postgres.client(rig.target);
    await rig.archive();
    await rig.archived();
    await client.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''full''; END';
      CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON history.orders DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse();`);
    await endings(record, many(320, 320));
    await until(() => troubleOf(rig.archivers[0] as Archiving).includes('full'), 'the commit is refused');
    expect(await rig.redis.xlen(archiveKeys(partition).stream)).toBe(11);
    await client.query('DROP TRIGGER refuse ON history.orders');
    await rig.sums();
  });

  it('takes a Redis that was set back to a backup, and what it counts anew', async () => {
    const record = archivingRecorder(rig.redis);
    await rig.archive();
    await endings(record, many(100));
    await rig.archived();
    await rig.stopArchivers();
    const backup = await dump();
    await endings(record, many(100, 100));
    await rig.archive();
    await rig.archived();
    await rig.stopArchivers();
    await restore(backup);
    // Half of what was lost comes again, and more that is new, until the numbers of the entries are past those of before.
    await endings(record, [...many(50, 100), ...many(300, 1_000)]);
    const again = await rig.archive();
    await rig.sums();
    expect(again.lines().join('\n')).toMatch(/set back/);
    expect(await rig.sql('SELECT orders::int, minor_units::int FROM history.set_back')).toEqual([
      { orders: 100, minor_units: 100_000 },
    ]);
    expect(await rig.sql('SELECT count(*)::int AS orders FROM history.orders WHERE seq IS NULL')).toEqual([
      { orders: 50 },
    ]);
    // What comes later still counts, and takes the place of what was lost.
    await endings(record, many(50, 150));
    await rig.sums();
    expect(await rig.sql('SELECT count(*)::int AS orders FROM history.orders WHERE seq IS NULL')).toEqual([
      { orders: 0 },
    ]);
    expect(await rig.sql('SELECT count(*)::int AS items FROM history.order_items')).toEqual([{ items: 500 }]);
  });

  it('takes a Redis that was set back and has counted nothing since', async () => {
    const record = archivingRecorder(rig.redis);
    await rig.archive();
    await endings(record, many(100));
    await rig.archived();
    await rig.stopArchivers();
    const backup = await dump();
    await rig.archive();
    await endings(record, many(64, 100));
    await rig.archived();
    await rig.stopArchivers();
    await restore(backup);
    await rig.archive();
    await rig.sums();
  });

  it('names entries that somebody has removed', async () => {
    const record = archivingRecorder(rig.redis);
    await rig.archive();
    await endings(record, many(32));
    await rig.archived();
    await rig.stopArchivers();
    await endings(record, many(32, 32));
    await rig.redis.del(archiveKeys(partition).stream);
    await endings(record, many(32, 64));
    await rig.archive();
    await rig.archived();
    expect(await rig.sql('SELECT kind, seq::int, orders FROM history.gaps')).toEqual([
      { kind: 'entries_lost', seq: 3, orders: null },
    ]);
  });

  it('keeps what counted again beyond the ledger, beside the first', async () => {
    const forgetful = archivingRecorder(rig.redis, { retentionDays: 35 });
    await endings(forgetful, many(10));
    // The ledger as it is once both its generations are over.
    await rig.redis.del(...(await rig.redis.keys('*:ledger:*')));
    const dearer = order({ orderId: 'O3', userId: 'U3', minorUnits: 5_000 });
    await endings(forgetful, [...many(3), dearer]);
    await rig.archive();
    await rig.sums();
    expect(
      await rig.sql('SELECT order_id, minor_units::int, items FROM history.counted_again ORDER BY order_id'),
    ).toEqual([
      { order_id: 'O0', minor_units: 1_000, items: [['P1', '1', '10']] },
      { order_id: 'O1', minor_units: 1_000, items: [['P1', '1', '10']] },
      { order_id: 'O2', minor_units: 1_000, items: [['P1', '1', '10']] },
      { order_id: 'O3', minor_units: 5_000, items: [['P1', '1', '50']] },
    ]);
  });

  it('refuses the history of another installation, and goes on where it is told to be the one', async () => {
    await endings(archivingRecorder(rig.redis), many(10));
    await rig.archive();
    await rig.archived();
    await rig.stopArchivers();
    await rig.redis.set(INSTALLATION_KEY, 'another');
    await endings(archivingRecorder(rig.redis), many(10, 10));
    const refused = await rig.archive();
    await until(() => /history of another installation/.test(troubleOf(refused)), 'it is refused');
    expect(await rig.sql('SELECT count(*)::int AS orders FROM history.orders')).toEqual([{ orders: 10 }]);
  });

  it('refuses a schema of another version, in a sentence', async () => {
    const newer = await rig.archive();
    await until(async () => newer.health().state === 'archiving', 'it archives');
    await rig.stopArchivers();
    await rig.sql("INSERT INTO history.migrations VALUES (99, 'later')");
    const refused = await rig.archive();
    await until(() => troubleOf(refused) !== '', 'it is refused');
    expect(troubleOf(refused)).toMatch(
      /the history has schema 99, and this version knows \d+: start the version/,
    );
  });

  it.each<[string, (of: HistoryTarget) => Promise<HistoryTarget> | HistoryTarget, RegExp]>([
    [
      'a wrong password',
      (of) => ({ ...of, password: 'wrong' }),
      /the password in DATABASE_URL is not the one/,
    ],
    ['no such database', (of) => ({ ...of, database: 'nowhere' }), /create the database/],
    ['nobody there', (of) => ({ ...of, port: 1 }), /nothing listens there/],
    [
      'one that takes no writes',
      async (of) => {
        const client = openClient(of);
        await client.connect();
        await client.query(`ALTER DATABASE ${of.database} SET default_transaction_read_only = on`);
        await client.end();
        return of;
      },
      /it takes no writes/,
    ],
  ])('says what to do about %s, while orders count', async (_name, wrong, sentence) => {
    const archiver = await rig.archive({ at: await wrong(rig.target) });
    await until(() => troubleOf(archiver) !== '', 'the trouble is told');
    expect(troubleOf(archiver)).toMatch(sentence);
    expect(troubleOf(archiver)).not.toContain(String(rig.target.password));
    expect(await endings(archivingRecorder(rig.redis), many(2))).toEqual(['counted', 'counted']);
  });

  it('takes an order of ten thousand items', async () => {
    const items = Array.from({ length: 10_000 }, (_, at) => ({
      productId: `P${at}`,
      quantity: 1,
      pricePerUnit: '0.1',
    }));
    await archivingRecorder(rig.redis)(order({ items }));
    await rig.archive();
    await rig.archived();
    expect(
      await rig.sql('SELECT count(*)::int AS items, max(line) AS last FROM history.order_items'),
    ).toEqual([{ items: 10_000, last: 10_000 }]);
  });

  it('lets no order count that it could not be told of', async () => {
    await rig.redis.set(archiveKeys(partition).stream, 'no stream');
    const [refused] = await endings(archivingRecorder(rig.redis), many(1));
    expect(refused).toMatch(/WRONGTYPE/);
    expect(await rig.redis.keys('*:user:*')).toEqual([]);
    const plain = makeRecordOrder(rig.redis, partition, { retentionDays: 35 });
    expect(await endings(plain, many(1))).toEqual(['counted']);
  });

  it.each(['before', 'after'] as const)(
    'loses and doubles nothing when it dies %s any command it sends',
    async (when) => {
      const record = archivingRecorder(rig.redis);
      let at = 0;
      for (let point = 1, died = true; died; point += 1) {
        for (let batch = 0; batch < 2; batch += 1, at += 32) await endings(record, many(32, at));
        // One of them again, beyond the ledger, so that every path is walked.
        await rig.redis.del(...(await rig.redis.keys('*:ledger:*')));
        await endings(record, many(1, at - 1));
        died = await archiveUntil(point, when, rig.server.client(), await rig.postgres.client(rig.target));
      }
      await rig.archive();
      await rig.sums();
      const [row] = await rig.sql('SELECT count(*)::int AS again FROM history.counted_again');
      expect(row?.again).toBe(at / 64);
    },
  );

  it.each(['before', 'after'] as const)(
    'finds out what Redis lost also when it dies %s any command on the way',
    async (when) => {
      const record = archivingRecorder(rig.redis);
      const archive = async (point: number) =>
        archiveUntil(point, when, rig.server.client(), await rig.postgres.client(rig.target));
      let at = 0;
      const more = async (count: number) => {
        await endings(record, many(count, at));
        at += count;
      };
      for (let point = 1, died = true; died; point += 1) {
        await more(40);
        await archive(Number.POSITIVE_INFINITY);
        const backup = await dump();
        await more(40);
        await archive(Number.POSITIVE_INFINITY);
        await restore(backup);
        await more(33);
        died = await archive(point);
      }
      await rig.archive();
      await rig.sums();
      const [row] = await rig.sql('SELECT sum(orders)::int AS lost FROM history.set_back');
      expect([row?.lost, at % 113]).toEqual([(40 * at) / 113, 0]);
    },
  );
});

/** Archives until its connections break before or after so many commands; false when it was done with fewer. */
async function archiveUntil(
  point: number,
  when: 'before' | 'after',
  redis: Redis,
  client: Client,
): Promise<boolean> {
  let left = point;
  const die = () => {
    redis.disconnect();
    (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    throw new Error('dead');
  };
  const mortal = <T extends object>(of: T): T =>
    new Proxy(of, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          left -= 1;
          if (left < 0 || (left === 0 && when === 'before')) die();
          const result = await value.apply(target, args);
          if (left === 0) die();
          return result;
        };
      },
    });
  await migrate(client);
  const archive = new ArchivePartition({
    client: mortal(client),
    redis: mortal(redis),
    partition,
    confirm: async () => {},
    now: Date.now,
    events: { onArchived() {}, onSetBack() {}, onGap() {} },
  });
  try {
    while (await archive.step());
    return false;
  } catch (error) {
    if ((error as Error).message !== 'dead') throw error;
    return true;
  } finally {
    redis.disconnect();
    await client.end().catch(() => {});
  }
}
