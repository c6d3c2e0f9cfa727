import { chmodSync, chownSync, copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { documented } from '../../scripts/bench/history/analytics.ts';
import { run as erase } from '../../src/cli/erase/run.ts';
import { run as history } from '../../src/cli/history/run.ts';
import { run as rebuild } from '../../src/cli/rebuild/run.ts';
import { run as verify } from '../../src/cli/verify/run.ts';
import { readConfig } from '../../src/config/config.ts';
import { historyReads } from '../../src/history/read/historyPool.ts';
import type { HistoryTarget } from '../../src/history/target.ts';
import { makeRecordOrder } from '../../src/stats/record/recordOrder.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { endings, order } from '../stats/recording.ts';
import { makeAuthority } from '../support/certificates.ts';
import { startTestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { archivingRecorder, historyRig, openClient, partition } from './rig.ts';

describe('a PostgreSQL that is guarded', () => {
  const rig = historyRig({ isClaimed: true });
  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) =>
      order({ orderId: `O${from + at}`, userId: `U${(from + at) % 17}` }),
    );
  const at = (as: HistoryTarget, parameters = '', more: Record<string, string> = {}) => ({
    REDIS_URL: rig.server.url,
    DATABASE_URL: `${rig.postgres.url(as)}${parameters}`,
    ...more,
  });

  it('takes three roles with the rights of docs/history.md, and the reader can write nothing', async () => {
    const [asAdministrator, asOwner] = [
      ...readFileSync(new URL('../../docs/history.md', import.meta.url), 'utf8').matchAll(
        /```sql\n(.*?)```/gs,
      ),
    ].map(([, text]) => (text as string).replaceAll('…', 'secret'));
    const administrator = await rig.postgres.client(rig.target);
    for (const statement of (asAdministrator as string).split(/;\n/).filter(Boolean))
      await administrator.query(statement);
    const as = (user: string) => ({ ...rig.target, database: 'orders', user, password: 'secret' });
    const [owner, archiver, reader] = [as('history_owner'), as('archiver'), as('reader')];

    expect(await runCommand(history, 'migrate', at(archiver))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('docs/history.md has the rights that the role needs'),
    });
    expect(await runCommand(history, 'migrate', at(owner))).toMatchObject({ code: 0 });
    const grants = await rig.postgres.client(owner);
    await grants.query(asOwner as string);

    // What counts before the history, once, again beyond the ledger, and after Redis was set back.
    await endings(makeRecordOrder(rig.redis, partition, { retentionDays: 35 }), many(2, 900));
    const first = await rig.archive({ at: archiver });
    const record = archivingRecorder(rig.redis, { addresses: true });
    await endings(record, many(100));
    await rig.archived(undefined, owner);
    const backup = await Promise.all(
      (await rig.redis.keys('*')).map(async (key) => [key, await rig.redis.dumpBuffer(key)] as const),
    );
    await endings(record, many(64, 100));
    await rig.archived(undefined, owner);
    await first.stop();
    await rig.redis.flushall();
    for (const [key, value] of backup) await rig.redis.restore(key, 0, value);
    await rig.redis.del(...(await rig.redis.keys('*:ledger:*')));
    await endings(record, [...many(1), ...many(40, 100)]);
    const running = await rig.archive({ at: archiver });
    await rig.sums(undefined, owner);
    expect(running.troubles.current.filter(({ what }) => what === 'history')).toEqual([]);
    for (const [command, args] of [
      [history, 'lacking --accept'],
      [erase, '--user U3'],
    ] as const)
      expect(await runCommand(command, args, at(archiver))).toMatchObject({ code: 0 });

    const asked = historyReads(reader, () => {});
    for (const question of Object.values(documented())) await asked.ask(question);
    await asked.stop();
    const verified = await runCommand(verify, '--history', at(reader));
    // What the ledger was made to forget differs.
    expect(verified.stdout).toMatch(/users right in the history +(\d+) +\1 +ok/);
    const reading = await rig.postgres.client(reader);
    const { rows } = await reading.query(
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'history' ORDER BY 1",
    );
    expect(rows.length).toBeGreaterThan(10);
    for (const { table_name } of rows) {
      await reading.query(`SELECT FROM history.${table_name}`);
      for (const write of ['DELETE FROM', 'TRUNCATE', 'DROP TABLE'])
        await expect(reading.query(`${write} history.${table_name}`)).rejects.toThrow(
          /permission denied|must be owner/,
        );
    }
    await expect(reading.query('CREATE TABLE history.mine ()')).rejects.toThrow(/permission denied/);

    const second = await startTestRedis();
    expect(
      await runCommand(rebuild, '--from-history --incomplete', at(archiver, '', { REDIS_URL: second.url })),
    ).toMatchObject({ code: 0 });
    await second.stop();
    await Promise.all([administrator, grants, reading].map((client) => client.end()));
  });

  it('proves itself by an authority of our own, and nobody else is talked to', async () => {
    const [ours, theirs] = [makeAuthority(), makeAuthority()];
    try {
      await expectRefusal('?sslmode=require', {}, /does not support SSL/);
      await useCertificate(ours.certificate('IP:127.0.0.1'));
      const trusting = { DATABASE_TLS_CA: ours.ca };
      await expectRefusal('', {}, /it does not let this user in from here/);
      await expectRefusal('?sslmode=require', {}, /nobody who is trusted has signed its certificate/);
      await expectRefusal(
        '',
        { DATABASE_TLS_CA: theirs.ca },
        /nobody who is trusted has signed its certificate/,
      );
      const { target: place } = readConfig(at(rig.target, '?sslmode=verify-full', trusting), [
        'redis',
        'history',
      ]).history;
      const running = await rig.archive({ at: place as HistoryTarget });
      await endings(archivingRecorder(rig.redis), many(40));
      await until(async () => running.health().archived_orders === 40, 'it archives over TLS');
      rig.target = { ...rig.target, host: 'localhost' };
      await expectRefusal('?sslmode=verify-full', trusting, /made out to another name than the host/);
    } finally {
      ours.remove();
      theirs.remove();
    }
  });

  const expectRefusal = async (parameters: string, more: Record<string, string>, sentence: RegExp) =>
    expect(await runCommand(history, 'migrate', at(rig.target, parameters, more))).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(sentence),
    });

  /** From here on it takes nobody without TLS. */
  async function useCertificate({ cert, key }: { cert: string; key: string }) {
    const client = await rig.postgres.client(rig.target);
    const { rows } = await client.query("SELECT current_setting('data_directory') AS data");
    const data: string = rows[0].data;
    for (const [from, name] of [
      [cert, 'server.crt'],
      [key, 'server.key'],
    ] as const)
      copyFileSync(from, join(data, name));
    const { uid, gid } = statSync(join(data, 'PG_VERSION'));
    chownSync(join(data, 'server.key'), uid, gid);
    chmodSync(join(data, 'server.key'), 0o600);
    writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all all scram-sha-256\n');
    await client.query('ALTER SYSTEM SET ssl = on');
    await client.query('SELECT pg_reload_conf()');
    await client.end();
    await until(async () => {
      const plain = openClient(rig.target);
      return plain.connect().then(
        () => plain.end().then(() => false),
        () => true,
      );
    }, 'it wants TLS');
  }
});
