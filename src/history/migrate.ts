import { readdirSync, readFileSync } from 'node:fs';
import type { ClientBase } from 'pg';
import { HistoryRefusal } from './faults.ts';

export interface Migration {
  version: number;
  /** Of its file. */
  name: string;
  sql: string;
}

/** Every step from nothing to the schema of this version, in order. A step that was released is never changed. */
export const MIGRATIONS: readonly Migration[] = readdirSync(new URL('./schema/', import.meta.url))
  .filter((name) => name.endsWith('.sql'))
  .sort()
  .map((name) => ({
    version: Number.parseInt(name, 10),
    name,
    sql: readFileSync(new URL(`./schema/${name}`, import.meta.url), 'utf8'),
  }));

const SCHEMA_VERSION = MIGRATIONS.at(-1)?.version ?? 0;

/** Any number that nobody else locks by. */
const LOCK = 0x6f72_6401;

const CREATE_RECORD = `
  CREATE SCHEMA IF NOT EXISTS history;
  CREATE TABLE IF NOT EXISTS history.migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`;

/** The version that is there; 0 where there is none. */
async function schemaVersion(client: ClientBase): Promise<number> {
  const known = await client.query("SELECT to_regclass('history.migrations') IS NOT NULL AS there");
  if (!known.rows[0].there) return 0;
  const { rows } = await client.query('SELECT coalesce(max(version), 0) AS version FROM history.migrations');
  return rows[0].version;
}

/** Throws, in a sentence, unless the schema is the one that this version knows. */
export async function refuseOtherSchema(client: ClientBase): Promise<void> {
  const found = await schemaVersion(client);
  if (found === SCHEMA_VERSION) return;
  throw new HistoryRefusal(
    found > SCHEMA_VERSION
      ? `the history has schema ${found}, and this version knows ${SCHEMA_VERSION}: start the version that made it`
      : `the history has schema ${found || 'none'}, and this version needs ${SCHEMA_VERSION}: run order-pipeline history migrate`,
  );
}

/** The steps that are still to do. */
export async function pendingMigrations(client: ClientBase): Promise<readonly Migration[]> {
  const found = await schemaVersion(client);
  if (found > SCHEMA_VERSION) await refuseOtherSchema(client);
  return MIGRATIONS.filter(({ version }) => version > found);
}

/** Does what is still to do, each step in a transaction with its record; returns what it did. Two at once do it once. */
export async function migrate(client: ClientBase): Promise<readonly Migration[]> {
  const done: Migration[] = [];
  for (;;) {
    await client.query('BEGIN');
    try {
      await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      const [next] = await pendingMigrations(client);
      if (!next) {
        await client.query('COMMIT');
        return done;
      }
      // A big table may take a new index for longer than any statement of the product may take.
      await client.query('SET LOCAL statement_timeout = 0');
      await client.query(CREATE_RECORD);
      await client.query(next.sql);
      await client.query('INSERT INTO history.migrations (version, name) VALUES ($1, $2)', [
        next.version,
        next.name,
      ]);
      await client.query('COMMIT');
      done.push(next);
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  }
}
