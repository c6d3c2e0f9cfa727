import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import { startEmbeddedPostgres } from '../embedded/postgres.ts';
import { type HistoryTarget, historyAddress } from '../history/target.ts';
import type { Services } from '../runtime/services.ts';
import type { Troubles } from '../runtime/troubles.ts';

export { userDaysReader } from '../history/read/userDays.ts';

const EMBEDDED = 'embedded PostgreSQL';

/** Where the history is kept, undefined while none is; the embedded server runs from here on. */
export async function locateHistory(
  { history, dataDir }: Config,
  logger: Logger,
  services: Services,
  troubles: Troubles,
): Promise<HistoryTarget | undefined> {
  if (history.target === undefined) return undefined;
  if (history.target.kind === 'server') {
    const { kind: _, why, ...target } = history.target;
    logger.info('history', { at: historyAddress(target), because: why });
    return target;
  }
  const embedded = await startEmbeddedPostgres(dataDir, {
    gone(lines) {
      troubles.report(EMBEDDED, 'it ended, and is started again');
      logger.error('embedded PostgreSQL ended, it is started again', { last_words: lines });
    },
    failed({ message }) {
      troubles.report(EMBEDDED, message.split('\n')[0] as string);
      logger.error('embedded PostgreSQL cannot be started at present', { error: message });
    },
    back() {
      troubles.end(EMBEDDED);
      logger.info('embedded PostgreSQL is back');
    },
  });
  services.add({ name: EMBEDDED, stop: () => embedded.stop() });
  const { host, port, database, user, password, joined } = embedded;
  const target = { host, port, database, user, password, tls: false } as const;
  logger.info('history', {
    at: historyAddress(target),
    embedded: joined ? 'joined' : 'started',
    because: history.target.why,
  });
  return target;
}
