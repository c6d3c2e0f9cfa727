import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { historyClient } from '../../src/history/connect.ts';
import type { HistoryTarget } from '../../src/history/target.ts';

/** The PostgreSQL of a campaign: its schedules share it, each with a database of its own, and with its faults. */
export interface HistoryServer {
  /** An empty database. */
  open(name: string): Promise<History>;
  /** Kills it, and starts it again after `ms`. */
  crash(ms: number): Promise<void>;
  freeze(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** What is kept of one schedule, seen past the product. */
export interface History {
  url: string;
  read(): Promise<Kept>;
}

export interface Kept {
  orders: number;
  cents: number;
  /** Rows that should not be there: counted again, lost by Redis, or said to be missing. */
  strange: number;
  /** Orders whose items do not add up to what they had. */
  withoutItems: number;
}

export async function startHistoryServer(folder: string): Promise<HistoryServer> {
  let server = await startEmbeddedPostgres(folder);
  const { host, port, user, password, database } = server;
  const own: HistoryTarget = { host, port, user, password, database, tls: false };
  const pid = () =>
    Number(readFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  // One thing at a time happens to it, whichever schedule it is of.
  let last: Promise<void> = Promise.resolve();
  const inTurn = (act: () => Promise<void>): Promise<void> => {
    last = last.then(act);
    return last;
  };
  const ask = async <T>(target: HistoryTarget, sql: string): Promise<T[]> => {
    await last;
    const client = historyClient(target, { as: 'chaos', statementMs: 20_000 });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql)).rows as T[];
    } finally {
      await client.end();
    }
  };
  return {
    async open(name) {
      await ask(own, `CREATE DATABASE "${name}"`);
      const target = { ...own, database: name };
      return {
        url: `postgres://${user}:${password}@${host}:${port}/${name}`,
        async read() {
          const [kept] = await ask<Record<keyof Kept, string>>(target, READ);
          return Object.fromEntries(
            Object.entries(kept ?? {}).map(([key, value]) => [key, Number(value)]),
          ) as unknown as Kept;
        },
      };
    },
    crash: (ms) =>
      inTurn(async () => {
        process.kill(pid(), 'SIGKILL');
        await delay(ms);
        await server.stop();
        server = await startEmbeddedPostgres(folder);
      }),
    freeze: (ms) =>
      inTurn(async () => {
        const one = pid();
        process.kill(one, 'SIGSTOP');
        await delay(ms);
        process.kill(one, 'SIGCONT');
      }),
    async stop() {
      await last;
      process.kill(pid(), 'SIGQUIT');
      await server.stop();
    },
  };
}

const READ = `
  SELECT count(*) AS orders, coalesce(sum(minor_units), 0) AS cents,
    count(*) FILTER (WHERE seq IS NULL) + (SELECT count(*) FROM history.counted_again)
      + (SELECT count(*) FROM history.gaps) AS strange,
    count(*) FILTER (WHERE NOT EXISTS (SELECT FROM history.order_items i WHERE i.order_id = o.id)) AS "withoutItems"
  FROM history.orders o`;
