import type { Cluster, Redis } from 'ioredis';
import { every } from '../runtime/every.ts';
import { isoOrNull } from '../runtime/isoTime.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { failureKeys, pausedSinceKey, queueKey } from '../store/keys.ts';
import type { Partition, Partitions } from '../store/partitions.ts';
import { whyUnwritable } from '../store/redisFaults.ts';
import { reconcileFailures } from './failures/reconcile.ts';
import { timeIn } from './jobFields.ts';

const LOOK_EVERY_MS = 2_000;

/**
 * KEYS[1] meta, KEYS[2] failed, KEYS[3] paused_since, KEYS[4] failures, KEYS[5] failures:pass, KEYS[6] wait, KEYS[7]
 * active, KEYS[8] delayed, KEYS[9] failures:sums, KEYS[10] failures:since; ARGV[1] now (ms), ARGV[2] what the keys of jobs begin with.
 * Returns {paused since or false, failed, when the oldest of them failed first or false (by the index: the failed set has the clocks of the workers), failed by the index, 1 while no pass
 * over both is due, waiting, active, delayed, when the one that waits longest was added or false,
 * minor units of the failed ones and how many of these are worth nobody knows what, as far as they are indexed, and why Redis
 * takes no write or ''}. The write that tells it changes nothing,
 * and comes first: behind another, a full Redis would take it.
 * Whoever sees the pause first writes down when: it may come from anywhere. A concurrency of 0 is a pause by another
 * name. A Redis that is full takes no note, and the pause is told all the same.
 */
const LOOK = `
local written = redis.pcall('ZADD', KEYS[10], 'XX', 0, '')
local since = false
if redis.call('HGET', KEYS[1], 'paused') or redis.call('HGET', KEYS[1], 'concurrency') == '0' then
  redis.pcall('SET', KEYS[3], ARGV[1], 'NX')
  since = redis.call('GET', KEYS[3]) or ARGV[1]
else
  redis.call('DEL', KEYS[3])
end
local next = redis.call('LINDEX', KEYS[6], -1)
local added = next and redis.pcall('HGET', ARGV[2] .. next, 'timestamp')
return {
  since,
  redis.call('ZCARD', KEYS[2]),
  redis.call('ZRANGE', KEYS[10], 0, 0, 'WITHSCORES')[2] or redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2] or false,
  redis.call('HLEN', KEYS[4]),
  redis.call('EXISTS', KEYS[5]),
  redis.call('LLEN', KEYS[6]),
  redis.call('LLEN', KEYS[7]),
  redis.call('ZCARD', KEYS[8]),
  type(added) == 'string' and added or false,
  redis.call('HGET', KEYS[9], 'minor_units') or '0',
  redis.call('HGET', KEYS[9], 'unknown') or '0',
  type(written) == 'table' and written.err or '',
}`;

interface QueueFacts {
  index: number;
  pausedSince: number | undefined;
  failed: number;
  oldestFailure: number | undefined;
  waiting: number;
  active: number;
  delayed: number;
  oldestAt: number | undefined;
  minorUnits: number;
  unknown: number;
  /** Why Redis takes no write, '' when it does. */
  unwritable: string;
  /** Whether the index of failed orders has another size than the failed set. */
  differs: boolean;
  /** Whether the two should be held against each other, whatever their sizes. */
  isDue: boolean;
}

/** All queues together; times are ms since 1970. */
export interface QueueState {
  waiting: number;
  active: number;
  delayed: number;
  /** Orders that wait for an operator. */
  failed: number;
  /** When the one of them failed that has waited longest. */
  failedSince: number | undefined;
  /** What they say they are worth, minor units, and how many do not say it. */
  failedMinorUnits: number;
  failedUnknown: number;
  /** When the one that waits longest for a worker was added. */
  oldestAt: number | undefined;
  /** Since when the first of them is paused. */
  pausedSince: number | undefined;
}

export interface QueueWatch {
  /** Undefined until they were first seen; while Redis is away, as they were last. */
  state(): QueueState | undefined;
  stop(): Promise<void>;
}

/**
 * Looks after all queues every two seconds, a round trip each: one that is paused is a trouble until it is not. The index
 * of failed orders is reconciled with the failed set at the first look, when their sizes differ twice in a row, and
 * when nobody has done so for ten minutes. `now` is what dates a pause, ms since 1970.
 */
export function watchQueues(
  redis: Redis | Cluster,
  partitions: Partitions,
  troubles: Troubles,
  onError: (error: Error) => void,
  { lookEveryMs = LOOK_EVERY_MS, now = Date.now }: { lookEveryMs?: number; now?: () => number } = {},
): QueueWatch {
  let state: QueueState | undefined;
  const reconciling = reconciler(redis, partitions, onError);
  const look = async () => {
    const at = Math.round(now());
    const facts = await Promise.all(partitions.all.map((partition) => lookAt(redis, partition, at))).catch(
      (error: Error) => {
        tellUnwritable([error.message], troubles);
        throw error;
      },
    );
    tellUnwritable(
      facts.map(({ unwritable }) => unwritable),
      troubles,
    );
    tellPauses(facts, troubles);
    reconciling.seen(facts);
    state = stateOf(facts);
  };
  const looking = every(lookEveryMs, look, { atOnce: true, onError });
  return {
    state: () => state,
    // Without waiting for the last look: it changes nothing of importance, and Redis may hang.
    async stop() {
      reconciling.stop();
      void looking.stop();
    },
  };
}

async function lookAt(redis: Redis | Cluster, partition: Partition, now: number): Promise<QueueFacts> {
  const { entries, pass, sums, since: failedSince } = failureKeys(partition);
  const queue = ['meta', 'failed'].map((name) => queueKey(partition, name));
  const work = ['wait', 'active', 'delayed'].map((name) => queueKey(partition, name));
  const keys = [...queue, pausedSinceKey(partition), entries, pass, ...work, sums, failedSince];
  const seen = await redis.eval(LOOK, keys.length, ...keys, now, queueKey(partition, ''));
  const [
    since,
    failed,
    oldest,
    indexed,
    isQuiet,
    waiting,
    active,
    delayed,
    oldestWaiting,
    units,
    unknown,
    unwritable,
  ] = seen as [
    string | null,
    number,
    string | null,
    number,
    number,
    number,
    number,
    number,
    string | null,
    string,
    string,
    string,
  ];
  return {
    index: partition.index,
    pausedSince: since === null ? undefined : Number(since),
    failed,
    oldestFailure: oldest === null ? undefined : Number(oldest),
    waiting,
    active,
    delayed,
    oldestAt: timeIn(oldestWaiting),
    minorUnits: Number(units),
    unknown: Number(unknown),
    unwritable,
    differs: failed !== indexed,
    isDue: isQuiet === 0,
  };
}

/** Beside the looks: a pass over many failed orders takes seconds. */
function reconciler(redis: Redis | Cluster, partitions: Partitions, onError: (error: Error) => void) {
  const stopping = new AbortController();
  const underWay = new Set<number>();
  const suspects = new Set<number>();
  // At its start a process trusts nothing: it may have died between a failure and its note.
  let isFirst = true;
  const reconcile = async (partition: Partition) => {
    underWay.add(partition.index);
    try {
      await reconcileFailures(redis, partition, { signal: stopping.signal });
    } catch (error) {
      if (!stopping.signal.aborted) onError(error as Error);
    } finally {
      underWay.delete(partition.index);
    }
  };
  return {
    seen(facts: readonly QueueFacts[]) {
      for (const { index, differs, isDue } of facts) {
        // What has failed just now is noted in a moment: only a difference that stays is one.
        const isWanted = isFirst || isDue || (differs && suspects.has(index));
        if (differs) suspects.add(index);
        else suspects.delete(index);
        if (isWanted && !underWay.has(index)) void reconcile(partitions.all[index] as Partition);
      }
      isFirst = false;
    },
    stop: () => stopping.abort(),
  };
}

const PAUSED = 'queue paused';

function tellPauses(facts: readonly QueueFacts[], troubles: Troubles): void {
  const paused = facts.filter(({ pausedSince }) => pausedSince !== undefined);
  const since = isoOrNull(earliest(paused.map(({ pausedSince }) => pausedSince)));
  if (since === null) {
    troubles.end(PAUSED);
    return;
  }
  const which =
    facts.length === 1
      ? 'orders are'
      : `orders of partition ${paused.map(({ index }) => index).join(', ')} (of ${facts.length}) are`;
  const reason = `${which} not worked on, as their queue is paused: resume it at /admin/queues`;
  troubles.report(PAUSED, reason, since);
}

const UNWRITABLE = 'redis writes';

/** A Redis that only reads answers every ping. One that does not answer at all, /health says by itself. */
function tellUnwritable(answers: readonly string[], troubles: Troubles): void {
  const why = answers.map(whyUnwritable).find((each) => each !== undefined);
  if (why === undefined) troubles.end(UNWRITABLE);
  else troubles.report(UNWRITABLE, `reads go on, and nothing is counted or changed: ${why}`);
}

const earliest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

function stateOf(facts: readonly QueueFacts[]): QueueState {
  const sum = (of: (one: QueueFacts) => number) => facts.reduce((total, one) => total + of(one), 0);
  return {
    waiting: sum(({ waiting }) => waiting),
    active: sum(({ active }) => active),
    delayed: sum(({ delayed }) => delayed),
    failed: sum(({ failed }) => failed),
    failedSince: earliest(facts.map(({ oldestFailure }) => oldestFailure)),
    failedMinorUnits: sum(({ minorUnits }) => minorUnits),
    failedUnknown: sum(({ unknown }) => unknown),
    oldestAt: earliest(facts.map(({ oldestAt }) => oldestAt)),
    pausedSince: earliest(facts.map(({ pausedSince }) => pausedSince)),
  };
}
