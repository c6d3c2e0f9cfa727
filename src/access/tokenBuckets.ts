import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { rateKey } from '../store/keys.ts';
import { systemClock } from './clock.ts';

/** How many requests of one subject are let through: `limit` at once, coming back steadily over `windowSeconds`. */
export interface Policy {
  name: string;
  limit: number;
  windowSeconds: number;
}

export interface Taken {
  allowed: boolean;
  left: number;
  /** Milliseconds until there is a token again; 0 when one was taken. */
  waitMs: number;
}

export type TakeTokenNow = (policy: Policy, subject: string) => Taken;
export type TakeToken = (...args: Parameters<TakeTokenNow>) => Promise<Taken>;

const SCRIPT = readFileSync(new URL('./takeToken.lua', import.meta.url), 'utf8');

type WithCommand = (Redis | Cluster) & {
  takeToken(key: string, interval: number, size: number): Promise<[number, number, number]>;
};

/** Buckets in Redis, shared by every process. One key each, gone when the bucket is full: they spread over a cluster. */
export function sharedBuckets(redis: Redis | Cluster): TakeToken {
  redis.defineCommand('takeToken', { numberOfKeys: 1, lua: SCRIPT });
  return async (policy, subject) => {
    const key = rateKey(policy.name, subject);
    const [taken, left, waitMs] = await (redis as WithCommand).takeToken(key, interval(policy), policy.limit);
    return { allowed: taken === 1, left, waitMs };
  };
}

/** The same buckets in this process alone, for the time in which Redis is away. */
export function localBuckets(elapsed: () => number = systemClock.elapsed): TakeTokenNow {
  const fullAt = new Map<string, number>();
  return (policy, subject) => {
    const key = `${policy.name}:${subject}`;
    const now = Math.floor(elapsed() * 1_000);
    const every = interval(policy);
    const full = Math.max(now, fullAt.get(key) ?? now);
    const left = policy.limit - Math.ceil((full - now) / every);
    if (left <= 0) {
      return {
        allowed: false,
        left: 0,
        waitMs: Math.ceil((full - now - (policy.limit - 1) * every) / 1_000),
      };
    }
    // Forgetting at once is enough of a bound: this stands in for Redis, and not for long.
    if (fullAt.size >= MOST_LOCAL) fullAt.clear();
    fullAt.set(key, full + every);
    return { allowed: true, left: left - 1, waitMs: 0 };
  };
}

const MOST_LOCAL = 10_000;

/** Microseconds in which one token comes back. */
const interval = ({ limit, windowSeconds }: Policy): number => Math.round((windowSeconds * 1e6) / limit);
