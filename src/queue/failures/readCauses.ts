import type { Cluster, Redis } from 'ioredis';
import { failureKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import type { FailedSums } from './readFailures.ts';
import { type Cause, readCause } from './shape.ts';

/** What one cause keeps from being counted. */
export interface CauseSums extends Cause, FailedSums {
  id: string;
  users: number;
  /** When one of its orders failed first, and when the last one did; ISO, UTC. */
  firstSeen: string;
  lastSeen: string;
  /** When the one that was new last failed first: a retry that fails again does not move it. ISO, UTC. */
  newest: string;
}

/** Every cause over some partitions, largest money first; a round trip for each partition, however many orders there are. */
export async function readCauses(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
): Promise<CauseSums[]> {
  const hashes = await Promise.all(partitions.map((each) => redis.hgetall(failureKeys(each).causes)));
  const causes = new Map<string, CauseSums>();
  for (const fields of hashes) {
    for (const [field, text] of Object.entries(fields)) {
      if (!field.endsWith(':cause')) continue;
      const id = field.slice(0, -':cause'.length);
      const found = causeIn(id, text, fields);
      const before = causes.get(id);
      causes.set(id, before ? merged(before, found) : found);
    }
  }
  return [...causes.values()]
    .filter(({ orders }) => orders > 0)
    .sort((a, b) => b.minorUnits - a.minorUnits || b.orders - a.orders || (a.id < b.id ? -1 : 1));
}

function causeIn(id: string, text: string, fields: Record<string, string>): CauseSums {
  const number = (name: string) => Number(fields[`${id}:${name}`] ?? 0);
  return {
    id,
    ...readCause(text),
    orders: number('orders'),
    users: number('users'),
    minorUnits: number('minor_units'),
    unknown: number('unknown'),
    firstSeen: new Date(number('first')).toISOString(),
    lastSeen: new Date(number('last')).toISOString(),
    // An older version left it out.
    newest: new Date(number('newest') || number('last')).toISOString(),
  };
}

/** No user is in two partitions, but for one whom an order was repaired to. */
function merged(one: CauseSums, other: CauseSums): CauseSums {
  return {
    ...one,
    orders: one.orders + other.orders,
    users: one.users + other.users,
    minorUnits: one.minorUnits + other.minorUnits,
    unknown: one.unknown + other.unknown,
    firstSeen: one.firstSeen < other.firstSeen ? one.firstSeen : other.firstSeen,
    lastSeen: one.lastSeen > other.lastSeen ? one.lastSeen : other.lastSeen,
    newest: one.newest > other.newest ? one.newest : other.newest,
  };
}
