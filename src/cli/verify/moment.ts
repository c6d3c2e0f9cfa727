import type { Cluster, Redis } from 'ioredis';
import type { ClientBase } from 'pg';
import { DAY_SECONDS } from '../../runtime/units.ts';
import type { Totals } from '../../stats/figures.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { redisNow } from '../../store/redisTime.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import type { Progress } from '../kit/progress.ts';

/** What Redis is held against its history with. */
export interface HistoryParts {
  client: ClientBase;
  redis: Redis | Cluster;
  partitions: Partitions;
  ledgerRetentionDays: number;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** Of a partition, all at one moment: orders that count meanwhile change nothing of it. */
export interface Moment {
  partition: Partition;
  /** The last entry of its archive. */
  seq: number;
  /** What counted after that entry, and so without the history. */
  untold: Totals;
  global: Totals;
  users: number;
  days: Map<string, Totals>;
  /** As the next order finds it. `recorded` is the generation that Redis says, `previousBuckets` are of the one before. */
  ledger: { recorded: number; generation: number; since: number; size: number; previousBuckets: number };
}

export async function momentOf(
  redis: Redis | Cluster,
  partition: Partition,
  retentionDays: number,
): Promise<Moment> {
  const keys = statsKeys(partition);
  const stand = ['archive', 'generation', 'since', 'size', 'previous_buckets', 'buckets', 'stale_buckets'];
  const now = Math.floor((await redisNow(redis)) / 1_000);
  const [ledger, totals, flat, users] = (
    (await redis
      .multi()
      .hmget(keys.ledger, ...stand)
      .hmget(keys.global, 'total_orders', 'total_revenue')
      .hgetall(keys.days)
      .zcard(keys.bySpend)
      .exec()) ?? []
  ).map(([error, value]) => {
    if (error) throw error;
    return value;
  }) as [(string | null)[], (string | null)[], Record<string, string>, number];
  const [seq = 0, orders = 0, minorUnits = 0] = (ledger[0] ?? '').split(' ').map(Number);
  const global = { orders: Number(totals[0] ?? 0), minorUnits: Number(totals[1] ?? 0) };
  const days = new Map<string, Totals>();
  for (const [field, value] of Object.entries(flat)) {
    const [day = '', kind] = field.split(':');
    totalsIn(days, day)[kind === 'orders' ? 'orders' : 'minorUnits'] = Number(value);
  }
  const [generation = 0, since = 0, size = 0, previousBuckets = 0, buckets = 0, stale = 0] = ledger
    .slice(1)
    .map((text) => Number(text ?? 0));
  const recorded = generation || 1;
  // As ledger.lua turns the page; until an order comes by, it has only become due.
  const isDue = now - since >= retentionDays * DAY_SECONDS && stale === 0 && size > 0;
  return {
    partition,
    seq,
    untold: { orders: global.orders - orders, minorUnits: global.minorUnits - minorUnits },
    global,
    users,
    days,
    ledger: isDue
      ? { recorded, generation: recorded + 1, since: now, size: 0, previousBuckets: buckets }
      : { recorded, generation: recorded, since, size, previousBuckets },
  };
}

/** Of one day, to be added to. */
export function totalsIn(days: Map<string, Totals>, day: string): Totals {
  const found = days.get(day) ?? { orders: 0, minorUnits: 0 };
  days.set(day, found);
  return found;
}
