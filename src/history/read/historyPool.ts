import { type ClientBase, DatabaseError, type Pool, type PoolClient } from 'pg';
import { historyPool } from '../connect.ts';
import type { HistoryTarget } from '../target.ts';

/** One statement, whose values never become a part of its text. */
export interface Question<Row> {
  sql: string;
  values: readonly unknown[];
  /** Never there: what its rows look like. */
  row?: Row;
}

export interface HistoryReads {
  /** Throws HistoryUnavailable. Whoever has left makes PostgreSQL stop as well. */
  ask<Row>(question: Question<Row>, left?: AbortSignal): Promise<Row[]>;
  /** The rows in portions, for answers of any length: as many are held as one portion has. Throws HistoryUnavailable. */
  stream<Row>(question: Question<Row>, left?: AbortSignal): AsyncGenerator<Row[], void, undefined>;
  stop(): Promise<void>;
}

/** PostgreSQL has not answered: it is `away`, it took too long, or too many ask. The message is for whoever asked. */
export class HistoryUnavailable extends Error {
  override readonly name = 'HistoryUnavailable';
  readonly kind: 'away' | 'slow' | 'crowded';

  constructor(kind: HistoryUnavailable['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** What history may cost PostgreSQL at once, by this process: so many questions, and so many files. */
const QUESTIONS = 4;
const FILES = 2;
/** Those on top wait their turn, but no more than these. */
const MOST_WAITING = 20;
const STATEMENT_MS = 5_000;
const PORTION = 500;
/** A reader who takes nothing for so long is let go: an open transaction keeps the server from cleaning up. */
const STALLED_MS = 60_000;

/** `onError` is told what PostgreSQL said, for the log. */
export function historyReads(target: HistoryTarget, onError: (error: Error) => void): HistoryReads {
  const pool = (size: number) => {
    const made = historyPool(target, { as: 'api', statementMs: STATEMENT_MS, size, onConnect: prepare });
    // A connection that breaks while nobody uses it: the next question opens another one.
    made.on('error', () => {});
    return made;
  };
  const questions = pool(QUESTIONS);
  const files = pool(FILES);

  const told = (error: Error, left?: AbortSignal): Error => {
    const unavailable = unavailableBy(error);
    if (unavailable?.kind === 'away' && !left?.aborted) onError(error);
    return unavailable ?? error;
  };
  const lendFrom = (from: Pool, left?: AbortSignal): Promise<Lent> =>
    lend(from, left).catch((error) => Promise.reject(told(error, left)));

  return {
    async ask({ sql, values }, left) {
      const lent = await lendFrom(questions, left);
      try {
        const { rows } = await lent.client.query(sql, values as unknown[]);
        lent.giveBack();
        return rows;
      } catch (error) {
        lent.giveBack(error as Error);
        throw told(error as Error, left);
      }
    },

    async *stream({ sql, values }, left) {
      const lent = await lendFrom(files, left);
      let why: Error | undefined = new Error('the reader has left');
      try {
        await lent.client.query('BEGIN READ ONLY');
        await lent.client.query(`SET LOCAL idle_in_transaction_session_timeout = ${STALLED_MS}`);
        await lent.client.query(`DECLARE portions NO SCROLL CURSOR FOR ${sql}`, values as unknown[]);
        for (;;) {
          const { rows } = await lent.client.query(`FETCH ${PORTION} FROM portions`);
          if (rows.length === 0) break;
          yield rows;
        }
        await lent.client.query('COMMIT');
        why = undefined;
      } catch (error) {
        why = error as Error;
        throw told(why, left);
      } finally {
        lent.giveBack(why);
      }
    },

    async stop() {
      await Promise.all([questions.end(), files.end()]);
    },
  };
}

/**
 * What is added up when asked fits into memory, and is not sorted on disk; and from PostgreSQL 14 on a statement ends with the
 * connection of whoever asked.
 */
const PREPARE = `
  SELECT set_config('work_mem', '32MB', false),
    (SELECT set_config(name, '250ms', false) FROM pg_settings WHERE name = 'client_connection_check_interval')`;

async function prepare(client: ClientBase): Promise<void> {
  // Whoever uses it is told by their question.
  client.on('error', () => {});
  await client.query(PREPARE);
}

interface Lent {
  client: PoolClient;
  /** With an error the connection is closed, which ends whatever it does. */
  giveBack(error?: Error): void;
}

async function lend(pool: Pool, left?: AbortSignal): Promise<Lent> {
  if (pool.waitingCount >= MOST_WAITING)
    throw new HistoryUnavailable('crowded', 'More questions about the history wait than may, try again soon');
  const client = await pool.connect();
  let isOut = true;
  const giveBack = (error?: Error) => {
    left?.removeEventListener('abort', leave);
    if (!isOut) return;
    isOut = false;
    client.release(error);
  };
  const leave = () => giveBack(new Error('whoever asked has left'));
  left?.addEventListener('abort', leave, { once: true });
  if (left?.aborted) leave();
  return { client, giveBack };
}

const AWAY = 'The history is not to be had at present: PostgreSQL does not answer. Totals are, as ever';

function unavailableBy(error: Error): HistoryUnavailable | undefined {
  if (error instanceof HistoryUnavailable) return error;
  const { code } = error as { code?: string };
  const because = { cause: error };
  if (code === '57014' || error.message === 'Query read timeout')
    return new HistoryUnavailable(
      'slow',
      `This took longer than ${STATEMENT_MS / 1_000} seconds: ask for a shorter range, or for less`,
      because,
    );
  if (/timeout exceeded when trying to connect/.test(error.message))
    return new HistoryUnavailable(
      'crowded',
      'The history is busy or does not answer, try again soon',
      because,
    );
  if (code !== undefined && NO_SCHEMA.has(code))
    return new HistoryUnavailable(
      'away',
      'The tables of the history are not those of this version: an archiver of it, or order-pipeline history migrate, makes them',
      because,
    );
  // What PostgreSQL did not say is of the way there, EPIPE too; its own classes are what it lacks, not what was asked.
  if (!(error instanceof DatabaseError) || LACKS.test(code ?? ''))
    return new HistoryUnavailable('away', AWAY, because);
  return undefined;
}

const LACKS = /^(08|25|28|3D|53|55|57|58|XX|42501)/;
/** No such schema, table, column, function. */
const NO_SCHEMA = new Set(['3F000', '42P01', '42703', '42883']);
