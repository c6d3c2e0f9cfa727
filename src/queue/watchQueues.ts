import type { Cluster, Redis } from 'ioredis';
import { every } from '../runtime/every.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { pausedSinceKey, queueKey } from '../store/keys.ts';
import type { Partition, Partitions } from '../store/partitions.ts';

const LOOK_EVERY_MS = 2_000;

/**
 * KEYS[1] meta, KEYS[2] failed, KEYS[3] paused_since; ARGV[1] now (ms).
 * Returns {paused since or false, failed, when the oldest of them failed or false}.
 * Whoever sees the pause first writes down when: it may come from anywhere. A concurrency of 0 is a pause by another
 * name. A Redis that is full takes no note, and the pause is told all the same.
 */
const LOOK = `
local since = false
if redis.call('HGET', KEYS[1], 'paused') or redis.call('HGET', KEYS[1], 'concurrency') == '0' then
  redis.pcall('SET', KEYS[3], ARGV[1], 'NX')
  since = redis.call('GET', KEYS[3]) or ARGV[1]
else
  redis.call('DEL', KEYS[3])
end
return { since, redis.call('ZCARD', KEYS[2]), redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2] or false }`;

interface QueueFacts {
  index: number;
  pausedSince: number | undefined;
  failed: number;
  oldestFailure: number | undefined;
}

/** Orders that wait for an operator. */
export interface FailedOrders {
  count: number;
  /** When the one failed that has waited longest, ISO, UTC; null when there is none. */
  since: string | null;
}

export interface QueueWatch {
  /** Undefined until it was first seen; while Redis is away, as it was last. */
  failedOrders(): FailedOrders | undefined;
  stop(): Promise<void>;
}

/** Looks after all queues every two seconds, a round trip each: one that is paused is a trouble until it is not. */
export function watchQueues(
  redis: Redis | Cluster,
  partitions: Partitions,
  troubles: Troubles,
  onError: (error: Error) => void,
): QueueWatch {
  let failedOrders: FailedOrders | undefined;
  const look = async () => {
    const now = Date.now();
    const facts = await Promise.all(partitions.all.map((partition) => lookAt(redis, partition, now)));
    tellPauses(facts, troubles);
    failedOrders = {
      count: facts.reduce((sum, { failed }) => sum + failed, 0),
      since: isoOf(earliest(facts.map(({ oldestFailure }) => oldestFailure))) ?? null,
    };
  };
  const looking = every(LOOK_EVERY_MS, look, { atOnce: true, onError });
  return {
    failedOrders: () => failedOrders,
    // Without waiting for the last look: it changes nothing of importance, and Redis may hang.
    async stop() {
      void looking.stop();
    },
  };
}

async function lookAt(redis: Redis | Cluster, partition: Partition, now: number): Promise<QueueFacts> {
  const keys = [queueKey(partition, 'meta'), queueKey(partition, 'failed'), pausedSinceKey(partition)];
  const seen = await redis.eval(LOOK, keys.length, ...keys, now);
  const [since, failed, oldest] = seen as [string | null, number, string | null];
  return {
    index: partition.index,
    pausedSince: since === null ? undefined : Number(since),
    failed,
    oldestFailure: oldest === null ? undefined : Number(oldest),
  };
}

const PAUSED = 'queue paused';

function tellPauses(facts: readonly QueueFacts[], troubles: Troubles): void {
  const paused = facts.filter(({ pausedSince }) => pausedSince !== undefined);
  const since = isoOf(earliest(paused.map(({ pausedSince }) => pausedSince)));
  if (since === undefined) {
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

const earliest = (times: readonly (number | undefined)[]): number | undefined => {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

const isoOf = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();
