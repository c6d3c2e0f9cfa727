import { randomUUID } from 'node:crypto';
import type { Letter, LetterQueue } from '../../queue/letterQueue.ts';
import { every } from '../../runtime/every.ts';
import { isAway } from '../../store/redisFaults.ts';
import { driveRedrive, type RedriveParts, readRedrive } from './redrive.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Drives the redrive that nobody drives, for as long as this process runs: also what another has left when it died.
 * `queueOf` is asked for the first time when there is one.
 */
export function startRedriveDriver<L extends Letter>(
  parts: Omit<RedriveParts<L>, 'queue'>,
  queueOf: () => Promise<LetterQueue<L>>,
  isStarted: () => boolean,
  tell: (error: Error) => void,
): { stop(): Promise<void> } {
  const me = randomUUID();
  const stopping = new AbortController();
  const look = async () => {
    if (!isStarted() || (await readRedrive(parts.redis))?.state !== 'running') return;
    await driveRedrive({ ...parts, queue: await queueOf() }, me, stopping.signal);
  };
  // That Redis is away, others say.
  const onError = (error: Error) => {
    if (!isAway(error)) tell(error);
  };
  const looking = every(LOOK_EVERY_MS, look, { atOnce: false, onError });
  return {
    async stop() {
      stopping.abort();
      await looking.stop();
    },
  };
}
