import type { Cluster, Redis } from 'ioredis';
import { HOUR_MS } from '../../runtime/units.ts';
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
  /** By hours since 1970: those of its orders that failed first in it; of the last 48 all that are. */
  hours: ReadonlyMap<number, number>;
}

/** Hours that are told. */
export const TREND_HOURS = 48;
/** What an hour is multiplied by beside its orders, see index.lua. */
const SHIFT = 2 ** 32;

/** Every cause over some partitions, largest money first; a round trip for each partition, however many orders there are. */
export async function readCauses(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
): Promise<CauseSums[]> {
  const readOne = async (partition: Partition) => {
    const keys = failureKeys(partition);
    return Promise.all([redis.hgetall(keys.causes), redis.hgetall(keys.hours).then(hoursByCause)]);
  };
  const causes = new Map<string, CauseSums>();
  for (const [fields, hours] of await Promise.all(partitions.map(readOne))) {
    for (const [field, text] of Object.entries(fields)) {
      if (!field.endsWith(':cause')) continue;
      const id = field.slice(0, -':cause'.length);
      const found = { ...causeIn(id, text, fields), hours: hours.get(id) ?? new Map() };
      const before = causes.get(id);
      causes.set(id, before ? merged(before, found) : found);
    }
  }
  return [...causes.values()]
    .filter(({ orders }) => orders > 0)
    .sort((a, b) => b.minorUnits - a.minorUnits || b.orders - a.orders || (a.id < b.id ? -1 : 1));
}

/** What the index keeps of hours: by cause and hour, orders. */
export function hoursByCause(fields: Record<string, string>): Map<string, Map<number, number>> {
  const causes = new Map<string, Map<number, number>>();
  for (const [field, value] of Object.entries(fields)) {
    const [id = ''] = field.split(':');
    const hours = causes.get(id) ?? new Map<number, number>();
    causes.set(id, hours.set(Math.floor(Number(value) / SHIFT), Number(value) % SHIFT));
  }
  return causes;
}

/** How many of its orders failed first in each of the 48 hours up to the one that `now` (ms) is in, UTC, that one last. */
export function trendOf({ hours }: Pick<CauseSums, 'hours'>, now: number): number[] {
  const first = Math.floor(now / HOUR_MS) - TREND_HOURS + 1;
  return Array.from({ length: TREND_HOURS }, (_, at) => hours.get(first + at) ?? 0);
}

function causeIn(id: string, text: string, fields: Record<string, string>): Omit<CauseSums, 'hours'> {
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
    newest: new Date(number('newest')).toISOString(),
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
    hours: [...other.hours].reduce(
      (sum, [hour, orders]) => sum.set(hour, (sum.get(hour) ?? 0) + orders),
      new Map(one.hours),
    ),
  };
}
