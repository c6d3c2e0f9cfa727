import { describe, expect, it } from '@jest/globals';
import { run as history } from '../../src/cli/history/run.ts';
import { noProgress } from '../../src/cli/kit/progress.ts';
import { repartition } from '../../src/cli/repartition/repartition.ts';
import { verifyAll } from '../../src/cli/verify/verifyAll.ts';
import type { Order } from '../../src/orders/order.ts';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { archiveKeys } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { endings, order } from '../stats/recording.ts';
import { until } from '../support/until.ts';
import { archivingRecorder, historyRig, partition } from './rig.ts';

describe('operating the history', () => {
  const rig = historyRig();
  const run = (args: string) => runCommand(history, args, rig.env());
  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) =>
      order({ orderId: `O${from + at}`, userId: `U${(from + at) % 41}` }),
    );

  it('migrate shows what it would do, does it, and does it once', async () => {
    const shown = await run('migrate --dry-run');
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('CREATE TABLE history.orders') });
    expect((await run('migrate')).stdout).toMatch(/^001-orders\.sql is applied$/m);
    expect((await run('migrate --dry-run')).stdout).toBe('The schema is up to date\n');
  });

  it('says in a line what is wrong with the command line, and with PostgreSQL', async () => {
    expect((await run('drop')).stderr).toBe(
      'the command must be migrate, adopt, import, lacking, got "drop"\n',
    );
    const nobody = await runCommand(history, 'migrate', {
      DATABASE_URL: 'postgres://a:secret@127.0.0.1:1/b',
    });
    expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing listens there') });
    expect(nobody.stderr).not.toContain('secret');
    expect((await runCommand(history, 'migrate', {})).stderr).toMatch(/^no history is kept/);
  });

  it('adopt makes an emptied Redis the one that the history is of', async () => {
    expect((await run('migrate')).code).toBe(0);
    expect(await run('adopt')).toMatchObject({ code: 1, stderr: 'There is no history in this database\n' });
    const first = await rig.archive();
    await until(() => first.health().state === 'archiving', 'it archives');
    await first.stop();
    await rig.redis.flushall();
    const running = await rig.archive();
    await until(() => running.troubles.current.length === 1, 'it is refused');
    expect((await run('adopt')).code).toBe(0);
    await until(() => running.health().state === 'archiving', 'it archives again');
  });

  it('a repartition waits for the archive, and there and back nothing is missing or twice: 1 → 4 → 1', async () => {
    await claimPartitions(rig.redis, 1);
    const change = async (to: number) =>
      repartition(
        { kind: 'to', to, force: true },
        {
          redis: rig.redis,
          idCase: 'upper',
          durability: await chooseDurability(rig.redis, undefined),
          progress: noProgress,
          say: () => {},
        },
      );
    await endings(archivingRecorder(rig.redis), many(200));
    await expect(change(4)).rejects.toThrow(/wait to become history: run order-pipeline archiver/);
    let from = 200;
    for (const [before, to] of [
      [1, 4],
      [4, 1],
    ] as const) {
      const old = makePartitions(before);
      await rig.archive({ over: old });
      await rig.archived(old);
      await rig.stopArchivers();
      await change(to);
      const partitions = makePartitions(to);
      const records = partitions.all.map((of) => archivingRecorder(rig.redis, { of }));
      const record = (one: Order) =>
        (records[partitions.of(one.userId).index] as (typeof records)[number])(one);
      await endings(record, [...many(100, from), ...many(50)]);
      from += 100;
      await rig.archive({ over: partitions });
      expect(await rig.sums(partitions)).toMatchObject({ orders: from });
      await rig.stopArchivers();
      expect(await verifyAll(rig.redis, partitions, noProgress)).toMatchObject({ result: 'right' });
    }
    expect(await rig.sql('SELECT kind, seq FROM history.gaps')).toEqual([]);
    expect(await rig.sql('SELECT seq FROM history.orders WHERE seq IS NULL')).toEqual([]);
  });

  it('what counts without the history is a trouble until somebody takes note of it', async () => {
    const running = await rig.archive();
    await endings(archivingRecorder(rig.redis), many(5));
    await endings(makeRecordOrder(rig.redis, partition, { retentionDays: 35 }), many(3, 5));
    await endings(archivingRecorder(rig.redis), many(1, 8));
    await rig.archived();
    await until(() => running.troubles.current.length === 1, 'it is told');
    expect(running.troubles.current).toMatchObject([
      { what: 'history incomplete', reason: expect.stringMatching(/^3 orders counted and are not/) },
    ]);
    expect((await run('lacking --accept')).stdout).toMatch(
      /^The history lacks 3 orders, 30.00, counted by workers/,
    );
    await until(() => running.troubles.current.length === 0, 'it is known');
  });

  it('verify says when the archive does not end where it should', async () => {
    await endings(archivingRecorder(rig.redis), many(10));
    await rig.redis.del(archiveKeys(partition).stream);
    const { checks } = await verifyAll(rig.redis, makePartitions(1), noProgress);
    expect(checks.filter(({ verdict }) => verdict === 'differs')).toMatchObject([
      { name: 'partitions whose archive ends where it should' },
    ]);
  });
});
