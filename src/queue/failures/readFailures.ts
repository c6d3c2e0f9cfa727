import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Reason } from '../../orders/invalidOrder.ts';
import { failureKeys, queueKey } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';
import { type FAULT, type Failure, readEntry, wantedId } from './failure.ts';
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
  /** Its job's id, its order id or its user id, whole; the latter two as ids are spelled, in either case. */
  id?: string | undefined;
}

const SCRIPT = INDEX_SCRIPT + readFileSync(new URL('./page.lua', import.meta.url), 'utf8');
/** Redis does nothing else meanwhile: some 2 ms, with a text to look for some 3. */
const LOOKED_AT = 1_000;
const LOOKED_INTO = 400;
/** Whoever goes through all of them asks for what belongs to each. */
const AT_ONCE = 500;

const pageScript = redisScript<[string, string, string[], string[]]>('pageFailures', {
  numberOfKeys: 1,
  lua: SCRIPT,
});

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
    most = AT_ONCE,
  }: { after?: FailureCursor | undefined; where?: FailureFilter; most?: number },
): AsyncGenerator<Failure[], void, undefined> {
  const step = stepper(redis, where, { most, isDown: false });
  let place = beginningIn(partition, after);
  do {
    const { found, next } = await step(partition, place);
    yield found;
    place = next;
  } while (place.from !== '');
}

/** From when, ms as the index says it, and the job of that moment to go on after. */
interface Place {
  from: string;
  job: string;
}

/** Looks at some hundred failed orders of a partition from a place on; `next.from` is '' at the end. */
function stepper(
  redis: Redis | Cluster,
  { cause = '', reason, text = '', id = '' }: FailureFilter,
  { most, isDown }: { most: number; isDown: boolean },
): (partition: Partition, place: Place) => Promise<{ found: Failure[]; next: Place }> {
  const which = [cause, reason ?? '', asStored(text), ...wantedId(id)];
  const looked = text === '' ? LOOKED_AT : LOOKED_INTO;
  return async (partition, { from, job }) => {
    const [nextFrom, nextJob, page, causes] = await pageScript(
      redis,
      failureKeys(partition).entries,
      from,
      job,
      looked,
      most,
      isDown ? '1' : '0',
      ...which,
      queueKey(partition, ''),
    );
    return { found: gathered(partition, page, causes), next: { from: nextFrom, job: nextJob } };
  };
}

/** What `gather` of index.lua has put together. */
function gathered({ index }: Partition, entries: readonly string[], causes: readonly string[]): Failure[] {
  const texts = new Map(pairsOf(causes));
  return Array.from({ length: entries.length / 3 }, (_, at) => {
    const [job = '', first, entry = ''] = entries.slice(3 * at, 3 * at + 3);
    return readEntry(job, index, Number(first), entry, texts);
  }).filter((failure) => failure !== undefined);
}

const NAMED = INDEX_SCRIPT + readFileSync(new URL('./named.lua', import.meta.url), 'utf8');
const namedScript = redisScript<[entries: string[], causes: string[]]>('namedFailures', {
  numberOfKeys: 1,
  lua: NAMED,
});

/** Those of some jobs of a partition that have failed, the one that failed first first. */
export async function failuresOf(
  redis: Redis | Cluster,
  partition: Partition,
  jobs: readonly string[],
): Promise<Failure[]> {
  const found: Failure[] = [];
  for (let from = 0; from < jobs.length; from += AT_ONCE) {
    const some = jobs.slice(from, from + AT_ONCE);
    const answer = await namedScript(redis, failureKeys(partition).entries, ...some);
    found.push(...gathered(partition, ...answer));
  }
  return found.sort((a, b) => -newestFirst(a, b) || (a.job < b.job ? -1 : 1));
}

/** Whoever looks for more is asked whether to go on. */
const SEARCH_MS = 150;

export interface FailureSearch {
  found: Failure[];
  /** What was looked at: the search goes on after it. Undefined when all that match were found. */
  after: FailureCursor | undefined;
}

/**
 * Failed orders that match, the one that failed last first: at most `count` of them, and those that were found after some
 * `forMs`, with how far back that was. All partitions are looked through back to the same moment.
 */
export async function searchFailures(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
  {
    after,
    count,
    where = {},
    forMs = SEARCH_MS,
  }: {
    after?: FailureCursor | undefined;
    count: number;
    where?: FailureFilter;
    forMs?: number | undefined;
  },
): Promise<FailureSearch> {
  const began = performance.now();
  const step = stepper(redis, where, { most: count, isDown: true });
  const sides = partitions.map((partition) => ({
    partition,
    found: [] as Failure[],
    place: beginningIn(partition, after),
    /** How far back it was looked through; undefined at its end. */
    at: undefined as FailureCursor | undefined,
  }));
  for (let turn = sides; ; ) {
    await Promise.all(
      turn.map(async (side) => {
        const { found, next } = await step(side.partition, side.place);
        side.found.push(...found);
        side.place = next;
        side.at =
          next.from === ''
            ? undefined
            : {
                job: next.job,
                partition: side.partition.index,
                firstFailedAt: new Date(Number(next.from)).toISOString(),
              };
      }),
    );
    const open = sides.filter(({ at }) => at !== undefined).sort((a, b) => newestFirst(a.at, b.at));
    const back = open[0]?.at;
    const found = sides
      .flatMap((side) => side.found)
      .filter(
        (each) => back === undefined || each.partition === back.partition || newestFirst(each, back) < 0,
      )
      .sort(newestFirst);
    const isOver = back === undefined || performance.now() - began >= forMs;
    if (found.length >= count || isOver) {
      const page = found.slice(0, count);
      const isFull = found.length > count || (found.length === count && back !== undefined);
      return { found: page, after: isFull ? page.at(-1) : back };
    }
    // Those that lag behind: what is found beyond them does not count yet.
    turn = open.filter((side) => side.found.length < count).slice(0, Math.ceil(open.length / 2));
  }
}

/** Of one millisecond, the partitions come one after the other, and each has an order of its own. */
const newestFirst = (one: FailureCursor | undefined, other: FailureCursor | undefined): number =>
  Date.parse(other?.firstFailedAt ?? '') - Date.parse(one?.firstFailedAt ?? '') ||
  (one?.partition ?? 0) - (other?.partition ?? 0);

const pairsOf = (flat: readonly string[]): [string, string][] =>
  Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] as string, flat[2 * at + 1] as string]);

/** As it stands in JSON; Redis knows small letters of A to Z alone. */
const asStored = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function beginningIn({ index }: Partition, after: FailureCursor | undefined): Place {
  if (after === undefined) return { from: '', job: '' };
  const time = String(Date.parse(after.firstFailedAt));
  if (index === after.partition) return { from: time, job: after.job };
  return { from: index < after.partition ? `(${time}` : time, job: '' };
}

async function repliesOf(pipe: ReturnType<Redis['pipeline']>): Promise<unknown[]> {
  return ((await pipe.exec()) ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}
