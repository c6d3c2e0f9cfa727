import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { systemClock } from './clock.ts';

/** How many requests of one subject are let through: `limit` at once, coming back steadily over `windowSeconds`. */
export interface Policy {
  name: string;
  limit: number;
  windowSeconds: number;
}

export interface Taken {
  given: number;
  left: number;
  /** Milliseconds until there is a token again; 0 when some were given. */
  waitMs: number;
  /** Since when the bucket has not been full. Only to be compared. */
  since: string;
}

/** Tokens that come back with a trip. Once the bucket was full again they are in it already, and nothing comes back. */
export interface Unspent {
  tokens: number;
  /** What the bucket said when they were taken. */
  since: string;
}

export type TakeTokensNow = (policy: Policy, subject: string, wanted: number, unspent: Unspent) => Taken;
export type TakeTokens = (...args: Parameters<TakeTokensNow>) => Promise<Taken>;

const SCRIPT = readFileSync(new URL('./takeTokens.lua', import.meta.url), 'utf8');

type WithCommand = (Redis | Cluster) & {
  takeTokens(
    key: string,
    interval: number,
    size: number,
    wanted: number,
    unspent: number,
    since: string,
  ): Promise<[number, number, number, string]>;
};

/** Buckets in Redis, shared by every process. One key each, gone when the bucket is full: they spread over a cluster. */
export function sharedBuckets(redis: Redis | Cluster): TakeTokens {
  redis.defineCommand('takeTokens', { numberOfKeys: 1, lua: SCRIPT });
  return async (policy, subject, wanted, unspent) => {
    const key = `order-pipeline:rate:${policy.name}:${subject}`;
    const [given, left, waitMs, since] = await (redis as WithCommand).takeTokens(
      key,
      interval(policy),
      policy.limit,
      wanted,
      unspent.tokens,
      unspent.since,
    );
    return { given, left, waitMs, since };
  };
}

/** The same buckets in this process alone, for the time in which Redis is away. */
export function localBuckets(elapsed: () => number = systemClock.elapsed): TakeTokensNow {
  const buckets = new Map<string, { full: number; since: number }>();
  return (policy, subject, wanted, unspent) => {
    const key = `${policy.name}:${subject}`;
    // Whole microseconds, as in Redis: a fraction rounded the wrong way is a token lost.
    const time = Math.floor(elapsed() * 1_000);
    const every = interval(policy);
    const known = buckets.get(key);
    let { full, since } = known && known.full > time ? known : { full: time, since: time };
    if (String(since) === unspent.since) full = Math.max(time, full - unspent.tokens * every);
    const free = Math.max(0, policy.limit - Math.ceil((full - time) / every));
    const given = Math.min(wanted, free);
    const waitMs = given > 0 ? 0 : Math.ceil((full - time - (policy.limit - 1) * every) / 1_000);
    // Forgetting at once is enough of a bound: this stands in for Redis, and not for long.
    if (buckets.size >= MOST_LOCAL) buckets.clear();
    buckets.set(key, { full: full + given * every, since });
    return { given, left: free - given, waitMs, since: String(since) };
  };
}

const MOST_LOCAL = 10_000;

/** Microseconds in which one token comes back. */
const interval = ({ limit, windowSeconds }: Policy): number => Math.round((windowSeconds * 1e6) / limit);
