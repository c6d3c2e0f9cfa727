import { randomUUID } from 'node:crypto';
import { every } from '../../runtime/every.ts';
import { ACTIVE_RUNS_KEY } from '../../store/keys.ts';
import { isAway } from '../../store/redisFaults.ts';
import { driveRun } from './driveRun.ts';
import type { RunParts } from './runs.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Drives every run that nobody drives, for as long as this process runs: also what another has left when it died.
 * `may`: whether it is known by now that this process has the right Redis and partitions. That Redis is away, others say.
 */
export function startRunDrivers(
  parts: RunParts,
  may: () => boolean,
  tell: (error: Error) => void,
): { stop(): Promise<void> } {
  const me = randomUUID();
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  const onError = (error: Error) => {
    if (!isAway(error)) tell(error);
  };
  const look = async () => {
    if (!may()) return;
    for (const id of await parts.redis.smembers(ACTIVE_RUNS_KEY)) {
      if (underWay.has(id)) continue;
      const driving = driveRun(parts, id, me, stopping.signal)
        .catch((error: Error) => onError(new Error(`run ${id}: ${error.message}`, { cause: error })))
        .finally(() => underWay.delete(id));
      underWay.set(id, driving);
    }
  };
  const looking = every(LOOK_EVERY_MS, look, { atOnce: false, onError });
  return {
    async stop() {
      stopping.abort();
      await looking.stop();
      await Promise.all(underWay.values());
    },
  };
}
