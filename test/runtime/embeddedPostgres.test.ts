import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readIfThere } from '../../src/embedded/folderLock.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { historyClient } from '../../src/history/connect.ts';
import { until } from '../support/until.ts';

describe('the embedded PostgreSQL', () => {
  let dir: string;
  let open: EmbeddedPostgres[] = [];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'order-pipeline-postgres-'));
    // As root it runs as somebody else, who has to come through here.
    chmodSync(dir, 0o711);
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const start = async (events?: Parameters<typeof startEmbeddedPostgres>[1]) => {
    const one = await startEmbeddedPostgres(dir, events);
    open.push(one);
    return one;
  };
  const pid = () => Number(readIfThere(join(dir, 'postgres', 'data', 'postmaster.pid')).split('\n')[0]);
  const ask = async ({ host, port, database, user, password }: EmbeddedPostgres, sql: string) => {
    const client = historyClient(
      { host, port, database, user, password, tls: false },
      { as: 'test', statementMs: 5_000 },
    );
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it('is one for all processes of a data folder, ends with the last, and keeps what was written', async () => {
    const [first, second] = [await start(), await start()];
    expect([first.joined, second.joined, second.port]).toEqual([false, true, first.port]);
    await ask(first, 'CREATE TABLE kept AS SELECT 7 AS seven');
    await first.stop();
    expect(await ask(second, 'TABLE kept')).toEqual([{ seven: 7 }]);
    await second.stop();
    open = [];
    expect(pid()).toBe(0);
    expect(await ask(await start(), 'TABLE kept')).toEqual([{ seven: 7 }]);
  });

  it('is started again on its port when it dies', async () => {
    const heard: string[] = [];
    const one = await start({
      gone: () => heard.push('gone'),
      failed: () => {},
      back: () => heard.push('back'),
    });
    process.kill(pid(), 'SIGKILL');
    await until(() => heard.includes('back'), 'it is back');
    expect(heard).toEqual(['gone', 'back']);
    expect(await ask(one, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
