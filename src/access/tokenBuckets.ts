import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';

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
}

export type TakeTokens = (policy: Policy, subject: string, wanted: number) => Promise<Taken>;

const SCRIPT = readFileSync(new URL('./takeTokens.lua', import.meta.url), 'utf8');

type WithCommand = (Redis | Cluster) & {
  takeTokens(key: string, interval: number, size: number, wanted: number): Promise<[number, number, number]>;
};

/** Buckets in Redis, shared by every process. One key each, gone when the bucket is full: they spread over a cluster. */
export function sharedBuckets(redis: Redis | Cluster): TakeTokens {
  redis.defineCommand('takeTokens', { numberOfKeys: 1, lua: SCRIPT });
  return async (policy, subject, wanted) => {
    const key = `order-pipeline:rate:${policy.name}:${subject}`;
    const [given, left, waitMs] = await (redis as WithCommand).takeTokens(
      key,
      interval(policy),
      policy.limit,
      wanted,
    );
    return { given, left, waitMs };
  };
}

/** The same buckets in this process alone, for the time in which Redis is away. */
export function localBuckets(
  now: () => number = Date.now,
): (policy: Policy, subject: string, wanted: number) => Taken {
  const fullAt = new Map<string, number>();
  return (policy, subject, wanted) => {
    const key = `${policy.name}:${subject}`;
    const time = now();
    const every = interval(policy) / 1_000;
    const full = Math.max(fullAt.get(key) ?? time, time);
    const free = policy.limit - Math.ceil((full - time) / every);
    if (free < 1) return { given: 0, left: 0, waitMs: Math.ceil(full - time - (policy.limit - 1) * every) };
    // Forgetting at once is enough of a bound: this stands in for Redis, and not for long.
    if (fullAt.size >= MOST_LOCAL) fullAt.clear();
    const given = Math.min(wanted, free);
    fullAt.set(key, full + given * every);
    return { given, left: free - given, waitMs: 0 };
  };
}

const MOST_LOCAL = 10_000;

/** Microseconds in which one token comes back. */
const interval = ({ limit, windowSeconds }: Policy): number => Math.round((windowSeconds * 1e6) / limit);
