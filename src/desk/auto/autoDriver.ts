import { randomUUID } from 'node:crypto';
import { readCauses } from '../../queue/failures/readCauses.ts';
import { every } from '../../runtime/every.ts';
import type { Troubles } from '../../runtime/troubles.ts';
import { AUTO_DRIVER_KEY } from '../../store/keys.ts';
import { holdLease, letGoOfLease } from '../../store/lease.ts';
import { isAway } from '../../store/redisFaults.ts';
import { type AutoRepair, inWordsOf, listAutoRepairs } from './autoRepairs.ts';
import { type TurnParts, takeTurn } from './takeTurn.ts';

const LOOK_EVERY_MS = 5_000;
const LEASE_MS = 30_000;
const TROUBLE = 'auto-repair';

export interface DriverParts extends TurnParts {
  troubles: Troubles;
  lookEveryMs?: number;
}

/**
 * Does what standing recipes do, in one process of the installation at a time; each process says which of them have stopped.
 * `may`: whether it is known by now that this process has the right Redis and partitions. That Redis is away, others say.
 */
export function startAutoDriver(
  parts: DriverParts,
  may: () => boolean,
  tell: (error: Error) => void,
): { stop(): Promise<void> } {
  const { redis, partitions, troubles, lookEveryMs = LOOK_EVERY_MS } = parts;
  const me = randomUUID();
  let isStopping = false;
  const onError = (error: Error) => {
    if (!isAway(error)) tell(error);
  };
  const look = async () => {
    if (!may()) return;
    const all = await listAutoRepairs(redis);
    sayWhatStopped(all, troubles);
    const standing = all.filter(({ state }) => state === 'standing');
    if (standing.length === 0 || !(await holdLease(redis, AUTO_DRIVER_KEY, me, LEASE_MS))) return;
    const causes = await readCauses(redis, partitions.all);
    for (const each of standing) {
      if (isStopping || !(await holdLease(redis, AUTO_DRIVER_KEY, me, LEASE_MS))) return;
      // What is wrong with one keeps no other from its turn.
      await takeTurn(
        parts,
        each,
        causes.find(({ id }) => id === each.cause),
      ).catch(onError);
    }
  };
  const looking = every(lookEveryMs, look, { atOnce: false, onError });
  return {
    async stop() {
      isStopping = true;
      await looking.stop();
      await letGoOfLease(redis, AUTO_DRIVER_KEY, me);
    },
  };
}

function sayWhatStopped(all: readonly AutoRepair[], troubles: Troubles): void {
  const stopped = all.filter(({ state }) => state === 'stopped');
  const [first] = stopped.sort((a, b) => ((a.stoppedAt ?? '') < (b.stoppedAt ?? '') ? -1 : 1));
  if (first === undefined) {
    troubles.end(TROUBLE);
    return;
  }
  const others = stopped.length === 1 ? '' : `, and ${stopped.length - 1} more`;
  const reason = `the recipe ${inWordsOf(first)} has stopped by itself: ${first.why}${others}`;
  troubles.report(TROUBLE, reason, first.stoppedAt);
}
