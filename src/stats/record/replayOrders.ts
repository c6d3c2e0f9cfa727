import type { Cluster, Redis } from 'ioredis';
import { DAY_SECONDS } from '../../runtime/units.ts';
import type { Partition } from '../../store/partitions.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import { recordInRedis } from './recordOrder.ts';

/** An order as it counted. */
export interface Counted {
  userId: string;
  minorUnits: number;
  /** `YYYY-MM-DD`, UTC. */
  day: string;
  identity: Buffer;
  digest: Buffer;
}

/** How far a replay is in a partition, in words of its own: it goes on from `from`, and is at `to` with these orders. */
export interface Step {
  from: string;
  to: string;
  /** When these orders counted, seconds since 1970; none of them may be past what is due. */
  at: number;
}

/**
 * Counts orders that counted before, elsewhere, in one step and in the order of their counting: what is to be counted was
 * decided then. A step that was taken already does nothing. Resolves with when the next generation of the ledger is due,
 * seconds since 1970; 0 when it is not known.
 *
 * @throws ReplayedElsewhere
 */
export type ReplayOrders = (orders: readonly Counted[], step: Step) => Promise<number>;

/** The partition is not where the step begins: somebody else replays as well, or counts. */
export class ReplayedElsewhere extends Error {}

/** The script of the workers, so that what is rebuilt is what they would have written. */
export function makeReplayOrders(
  redis: Redis | Cluster,
  partition: Partition,
  { retentionDays }: { retentionDays: number },
): ReplayOrders {
  const { ledger, prefix } = statsKeys(partition);
  const window = retentionDays * DAY_SECONDS;
  return async (orders, step) => {
    const ids = Buffer.concat(orders.flatMap(({ identity, digest }) => [identity, digest]));
    const fields = JSON.stringify(orders.flatMap(({ userId, minorUnits, day }) => [userId, minorUnits, day]));
    const reply = await recordInRedis(
      redis,
      ledger,
      prefix,
      window,
      ids,
      fields,
      '{}',
      '',
      JSON.stringify(step),
    );
    const [due = '', found] = reply;
    if (due !== 'elsewhere') return Number(due);
    if (found === step.to) return 0;
    throw new ReplayedElsewhere(`partition ${partition.tag} is not where this rebuild left it`);
  };
}
