import type { Cluster, Redis } from 'ioredis';
import type { Reason } from '../../orders/invalidOrder.ts';
import { failureKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { type FAULT, type Failure, readEntry } from './failure.ts';

/** Money in minor units; the orders whose money is unknown are counted in `unknown`. */
export interface FailedSums {
  orders: number;
  minorUnits: number;
  unknown: number;
}

export interface Failures extends FailedSums {
  /** When the one failed first that has waited longest, ISO, UTC; null when there is none. */
  since: string | null;
  /** Most orders first. An order refused for several reasons stands under each of them, and once in the whole. */
  byReason: ({ reason: Reason | typeof FAULT } & FailedSums)[];
}

/** What waits for an operator over some partitions, a round trip for each. */
export async function readFailures(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
): Promise<Failures> {
  const sums = new Map<string, FailedSums>([['', none()]]);
  let oldest = Number.POSITIVE_INFINITY;
  const readOne = async (partition: Partition) => {
    const keys = failureKeys(partition);
    const pipe = redis.pipeline().hgetall(keys.sums).zrange(keys.since, 0, '0', 'WITHSCORES');
    const [summed, first] = await repliesOf(pipe);
    addUp(sums, summed as Record<string, string>);
    oldest = Math.min(oldest, Number((first as string[])[1] ?? Number.POSITIVE_INFINITY));
  };
  await Promise.all(partitions.map(readOne));
  const { '': whole = none(), ...reasons } = Object.fromEntries(sums);
  const byReason = Object.entries(reasons)
    .map(([reason, each]) => ({ reason: reason as Reason, ...each }))
    .filter(({ orders }) => orders > 0)
    .sort((a, b) => b.orders - a.orders || (a.reason < b.reason ? -1 : 1));
  return { ...whole, since: Number.isFinite(oldest) ? new Date(oldest).toISOString() : null, byReason };
}

const none = (): FailedSums => ({ orders: 0, minorUnits: 0, unknown: 0 });

const FIGURES: Record<string, keyof FailedSums> = {
  orders: 'orders',
  minor_units: 'minorUnits',
  unknown: 'unknown',
};

/** Each fits into its share of the room of a total, so what they come to is exact. */
function addUp(sums: Map<string, FailedSums>, fields: Record<string, string>): void {
  for (const [field, value] of Object.entries(fields)) {
    const [, reason = '', name = ''] = /^(?:(\w+):)?(\w+)$/.exec(field) ?? [];
    const figure = FIGURES[name];
    if (figure === undefined) continue;
    const sum = sums.get(reason) ?? none();
    sum[figure] += Number(value);
    sums.set(reason, sum);
  }
}

/** Where a page ended: the next one begins after it. */
export type FailureCursor = Pick<Failure, 'job' | 'partition' | 'firstFailedAt'>;

/**
 * KEYS[1] {p}:failures; ARGV[1] from when (ms, '(' before it excludes it), ARGV[2] the job of that moment to go on
 * after, '' for none; ARGV[3] how many. Returns job id, when it first failed and its entry, in turn.
 * If that job has left meanwhile, others of its millisecond may come again; none is left out.
 */
const PAGE = `
local since, skipped = KEYS[1] .. ':since', 0
if ARGV[2] ~= '' and redis.call('ZSCORE', since, ARGV[2]) == ARGV[1] then
  repeat
    local same = redis.call('ZRANGEBYSCORE', since, ARGV[1], ARGV[1], 'LIMIT', skipped, 1000)
    local at
    for i, id in ipairs(same) do
      if id == ARGV[2] then at = i break end
    end
    skipped = skipped + (at or #same)
  until at or #same == 0
end
local page = {}
local ids = redis.call('ZRANGEBYSCORE', since, ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', skipped, ARGV[3])
for i = 1, #ids, 2 do
  table.insert(page, ids[i])
  table.insert(page, ids[i + 1])
  table.insert(page, redis.call('HGET', KEYS[1], ids[i]) or '')
end
return page`;

/** Failed orders, the one that failed first first; one round trip for each partition. */
export async function readFailurePage(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  { after, count }: { after?: FailureCursor | undefined; count: number },
): Promise<Failure[]> {
  const pages = partitions.map(async (partition) => {
    const key = failureKeys(partition).entries;
    const page = (await redis.eval(PAGE, 1, key, ...beginningIn(partition, after), count)) as string[];
    return Array.from({ length: page.length / 3 }, (_, at) => {
      const [job = '', first, text = ''] = page.slice(3 * at, 3 * at + 3);
      return readEntry(job, partition.index, Number(first), text);
    });
  });
  return (await Promise.all(pages))
    .flat()
    .filter((failure) => failure !== undefined)
    .sort((a, b) => Date.parse(a.firstFailedAt) - Date.parse(b.firstFailedAt) || a.partition - b.partition)
    .slice(0, count);
}

/** Of one millisecond, the partitions come one after the other. */
function beginningIn({ index }: Partition, after: FailureCursor | undefined): [string, string] {
  if (after === undefined) return ['-inf', ''];
  const time = String(Date.parse(after.firstFailedAt));
  if (index === after.partition) return [time, after.job];
  return [index < after.partition ? `(${time}` : time, ''];
}

async function repliesOf(pipe: ReturnType<Redis['pipeline']>): Promise<unknown[]> {
  return ((await pipe.exec()) ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}
