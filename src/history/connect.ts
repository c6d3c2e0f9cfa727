import { Client, type ClientBase, type ClientConfig, Pool } from 'pg';
import type { HistoryTarget } from './target.ts';

const CONNECT_MS = 5_000;

export interface HistoryOptions {
  /** What pg_stat_activity shows behind the product's name: `archiver`, `api`. */
  as: string;
  /** A statement that takes longer is ended by the server; undefined for one that may take as long as it does. */
  statementMs: number | undefined;
}

/** One connection that is not opened yet. It does not reconnect: what it held, locks and a transaction, is gone with it. */
export const historyClient = (target: HistoryTarget, options: HistoryOptions): Client =>
  new Client(configOf(target, options));

/** For reads. Its size bounds what the history may cost. */
export function historyPool(
  target: HistoryTarget,
  { size, onConnect, ...options }: HistoryOptions & PoolOptions,
): Pool {
  const prepared = onConnect === undefined ? {} : { onConnect };
  return new Pool({ ...configOf(target, options), ...prepared, max: size, idleTimeoutMillis: 30_000 });
}

interface PoolOptions {
  size: number;
  /** Before a connection is used first. */
  onConnect?: (client: ClientBase) => Promise<void>;
}

function configOf(target: HistoryTarget, { as, statementMs }: HistoryOptions): ClientConfig {
  const { host, port, database, user, password, tls } = target;
  return {
    host,
    port,
    database,
    user,
    ...(password === undefined ? {} : { password }),
    ssl:
      tls === false ? false : { ...(tls.ca === undefined ? {} : { ca: tls.ca }), rejectUnauthorized: true },
    application_name: `order-pipeline ${as}`,
    connectionTimeoutMillis: CONNECT_MS,
    // A server that hangs says nothing: the first limit is its own, the second one ours.
    ...(statementMs === undefined
      ? {}
      : { statement_timeout: statementMs, query_timeout: statementMs + CONNECT_MS }),
    keepAlive: true,
  };
}
