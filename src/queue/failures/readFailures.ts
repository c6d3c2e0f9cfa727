import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Reason } from '../../orders/invalidOrder.ts';
import { failureKeys, queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { type FAULT, type Failure, readEntry } from './failure.ts';
import { INDEX_SCRIPT } from './noteFailures.ts';

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

/** Which failed orders are meant; all conditions hold together. */
export interface FailureFilter {
  /** Id of a cause. */
  cause?: string | undefined;
  reason?: Reason | typeof FAULT | undefined;
  /** Somewhere in its job's id, its entry or its data; upper and lower case of A to Z are the same. */
  text?: string | undefined;
}

const SCRIPT = INDEX_SCRIPT + readFileSync(new URL('./page.lua', import.meta.url), 'utf8');
/** Redis does nothing else meanwhile: some 2 ms, with a text to look for some 5. */
const LOOKED_AT = 500;

type ScriptedRedis = (Redis | Cluster) & {
  pageFailures(...args: (string | number)[]): Promise<[string, string, string[], string[]]>;
};

/** Failed orders that match, the one that failed first first; a round trip for each partition and some hundred looked at. */
export async function readFailurePage(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  { after, count, where = {} }: { after?: FailureCursor | undefined; count: number; where?: FailureFilter },
): Promise<Failure[]> {
  const pages = partitions.map(async (partition) => {
    const found: Failure[] = [];
    for await (const some of failuresIn(redis, partition, { after, where, most: count })) {
      found.push(...some);
      if (found.length >= count) break;
    }
    return found;
  });
  return (await Promise.all(pages))
    .flat()
    .sort((a, b) => Date.parse(a.firstFailedAt) - Date.parse(b.firstFailedAt) || a.partition - b.partition)
    .slice(0, count);
}

/** All of one partition that match, in the same order, in steps of `most` at most; of those that fail meanwhile some. */
export async function* failuresIn(
  redis: Redis | Cluster,
  partition: Partition,
  {
    after,
    where = {},
    most = LOOKED_AT,
  }: { after?: FailureCursor | undefined; where?: FailureFilter; most?: number },
): AsyncGenerator<Failure[], void, undefined> {
  if (!('pageFailures' in redis)) redis.defineCommand('pageFailures', { numberOfKeys: 1, lua: SCRIPT });
  const { cause = '', reason = '', text = '' } = where;
  const needle = asStored(text);
  let [from, skip] = beginningIn(partition, after);
  do {
    const [nextFrom, nextSkip, page, causes] = await (redis as ScriptedRedis).pageFailures(
      failureKeys(partition).entries,
      from,
      skip,
      LOOKED_AT,
      most,
      cause,
      reason,
      needle,
      queueKey(partition, ''),
    );
    const texts = new Map(pairsOf(causes));
    const found = Array.from({ length: page.length / 3 }, (_, at) => {
      const [job = '', first, entry = ''] = page.slice(3 * at, 3 * at + 3);
      return readEntry(job, partition.index, Number(first), entry, texts);
    });
    yield found.filter((failure) => failure !== undefined);
    [from, skip] = [nextFrom, nextSkip];
  } while (from !== '');
}

const pairsOf = (flat: readonly string[]): [string, string][] =>
  Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] as string, flat[2 * at + 1] as string]);

/** As it stands in JSON; Redis knows small letters of A to Z alone. */
const asStored = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());

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
