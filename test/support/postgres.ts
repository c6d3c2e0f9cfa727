import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { readIfThere } from '../../src/embedded/folderLock.ts';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import type { HistoryTarget } from '../../src/history/target.ts';

export interface TestPostgres {
  /** An empty database of its own. */
  database(): Promise<HistoryTarget>;
  url(target: HistoryTarget): string;
  /** A connection that is closed with the server, or by `end`. */
  client(target: HistoryTarget): Promise<Client>;
  /** The server's own process. */
  pid(): number;
  /** Starts it again on the same port, after a kill. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A real PostgreSQL of its own on a free port. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-postgres-'));
  // As root the server runs as somebody else, who has to come through here.
  chmodSync(dir, 0o711);
  let server = await startEmbeddedPostgres(dir);
  const clients: Client[] = [];
  const { host, port, user, password, database } = server;
  const own: HistoryTarget = { host, port, user, password, database, tls: false };
  let count = 0;
  const client = async (target: HistoryTarget) => {
    const { tls: _, ...place } = target;
    const opened = new Client(place);
    opened.on('error', () => {});
    clients.push(opened);
    await opened.connect();
    return opened;
  };
  const pid = () => Number(readIfThere(join(dir, 'postgres', 'data', 'postmaster.pid')).split('\n')[0]);
  return {
    client,
    url: (target) =>
      `postgres://${target.user}:${target.password}@${target.host}:${target.port}/${target.database}`,
    async database() {
      count += 1;
      const name = `test_${count}`;
      const admin = await client(own);
      await admin.query(`CREATE DATABASE ${name}`);
      await admin.end();
      return { ...own, database: name };
    },
    pid,
    async restart() {
      await server.stop();
      server = await startEmbeddedPostgres(dir);
    },
    async stop() {
      await Promise.all(clients.map((each) => each.end().catch(() => {})));
      // Nobody needs what an orderly end would put on disk.
      process.kill(pid(), 'SIGQUIT');
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
