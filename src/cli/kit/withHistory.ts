import type { Client } from 'pg';
import { type Config, readConfig } from '../../config/config.ts';
import { startEmbeddedPostgres } from '../../embedded/postgres.ts';
import { historyClient } from '../../history/connect.ts';
import { HistoryRefusal, historyAdvised, isOfPostgres } from '../../history/faults.ts';
import { type HistoryTarget, historyAddress } from '../../history/target.ts';
import { refuse, type Surroundings } from './surroundings.ts';
import { CannotRun, isMendable, type OpenRedis, openRedis, refuseMendable } from './withRedis.ts';

const NONE = 'no history is kept: set DATABASE_URL, or HISTORY=embedded';

/**
 * Does `work` on the product's PostgreSQL, without a limit for its statements, and lets go of it; what a user can mend is one
 * line, and exit code 2.
 */
export async function withHistory(
  around: Surroundings,
  work: (client: Client, config: Config) => Promise<number>,
): Promise<number> {
  let close = async () => {};
  let at = '';
  try {
    const config = readConfig(around.env, ['redis', 'history']);
    const place = config.history.target;
    if (place === undefined) throw new CannotRun(NONE);
    let target: HistoryTarget;
    if (place.kind === 'embedded') {
      const {
        stop,
        joined: _,
        ...embedded
      } = await startEmbeddedPostgres(config.dataDir).catch((error) => {
        throw new CannotRun(error.message);
      });
      close = stop;
      target = { ...embedded, tls: false };
    } else {
      const { kind: _, why: __, ...server } = place;
      target = server;
    }
    at = historyAddress(target);
    const client = historyClient(target, { as: 'command', statementMs: undefined });
    client.on('error', () => {});
    try {
      await client.connect();
      return await work(client, config);
    } finally {
      await client.end();
    }
  } catch (error) {
    if (error instanceof HistoryRefusal) return refuse([error.message], around);
    if (isMendable(error) || !isOfPostgres(error as Error)) return refuseMendable(error, around);
    return refuse([historyAdvised(error as Error, at).message], around);
  } finally {
    await close();
  }
}

/** The same with the product's Redis beside it. */
export const withHistoryAndRedis = (
  around: Surroundings,
  work: (client: Client, open: OpenRedis, config: Config) => Promise<number>,
): Promise<number> =>
  withHistory(around, async (client, config) => {
    const open = await openRedis(config);
    try {
      return await work(client, open, config);
    } finally {
      await open.close();
    }
  });
