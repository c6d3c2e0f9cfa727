import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import { rateKey } from '../store/keys.ts';
import { redisScript } from '../store/redisScript.ts';
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

const SCRIPT = readFileSync(new URL('./takeTokens.lua', import.meta.url), 'utf8');

const callScript = redisScript<[number, number, number]>('takeTokens', { numberOfKeys: 1, lua: SCRIPT });

interface Asking {
  resolve: (taken: Taken) => void;
  reject: (error: Error) => void;
}

/**
 * Buckets in Redis, shared by every process. One key each, gone when the bucket is full: they spread over a cluster.
 * What is asked for one subject in the same turn of the event loop travels in one call.
 */
export function sharedBuckets(redis: Redis | Cluster): TakeToken {
  const asking = new Map<string, Asking[]>();

  const ask = async (key: string, policy: Policy) => {
    const all = asking.get(key) ?? [];
    asking.delete(key);
    try {
      const [given, left, waitMs] = await callScript(redis, key, interval(policy), policy.limit, all.length);
      all.forEach(({ resolve }, at) => {
        if (at < given) resolve({ allowed: true, left: left + given - 1 - at, waitMs: 0 });
        else resolve({ allowed: false, left: 0, waitMs });
      });
    } catch (error) {
      for (const { reject } of all) reject(error as Error);
    }
  };

  return (policy, subject) =>
    new Promise((resolve, reject) => {
      const key = rateKey(policy.name, subject);
      const others = asking.get(key);
      if (others) {
        others.push({ resolve, reject });
        return;
      }
      asking.set(key, [{ resolve, reject }]);
      setImmediate(() => void ask(key, policy));
    });
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
