import { localBuckets, type Policy, type Taken, type TakeTokens } from './tokenBuckets.ts';

export interface Verdict {
  allowed: boolean;
  policy: Policy;
  /** Requests left at once, as far as this process knows. */
  remaining: number;
  /** Seconds until a request is let through again; 0 when this one was. */
  retryAfterSeconds: number;
}

/** A process takes at most this share of a bucket ahead, so that most requests need no trip to Redis. */
const LEASE_SHARE = 1 / 20;
/** Tokens taken ahead are good for this long. */
const LEASE_MS = 1_000;
/** Does not wait for a Redis that just failed to answer. */
const AWAY_MS = 1_000;
const MOST_SUBJECTS = 10_000;

interface Lease {
  tokens: number;
  until: number;
  /** What was left in the bucket itself. */
  left: number;
  /** What the last trip asked for; doubles while the subject is busy. */
  size: number;
  refusedUntil: number;
  waiting: number;
  asking: Promise<void> | undefined;
}

/**
 * One policy over all processes. Each takes a few tokens ahead from the bucket in Redis and spends them by itself, so
 * never more get through than the policy says; a process may refuse up to a twentieth of the limit early, while
 * another one holds tokens that it does not spend. A refusal is remembered, so a flood does not reach Redis. While
 * Redis is away, each process applies the whole policy by itself.
 */
export class RateLimiter {
  readonly #policy: Policy;
  readonly #takeTokens: TakeTokens;
  readonly #takeLocally: (policy: Policy, subject: string, wanted: number) => Taken;
  readonly #now: () => number;
  readonly #leases = new Map<string, Lease>();
  readonly #mostAhead: number;
  #awayUntil = 0;

  constructor(policy: Policy, takeTokens: TakeTokens, now: () => number = Date.now) {
    this.#policy = policy;
    this.#takeTokens = takeTokens;
    this.#takeLocally = localBuckets(now);
    this.#now = now;
    this.#mostAhead = Math.max(1, Math.floor(policy.limit * LEASE_SHARE));
  }

  /** Takes one token. Answers at once when it can, without a promise. Never rejects. */
  take(subject: string): Verdict | Promise<Verdict> {
    const lease = this.#lease(subject);
    return this.#spend(subject, lease) ?? this.#askThenSpend(subject, lease);
  }

  /** Whether the next `take` would be refused, as far as this process knows. Takes nothing. */
  refuses(subject: string): Verdict | undefined {
    const lease = this.#leases.get(subject);
    return lease && this.#now() < lease.refusedUntil ? this.#refusal(lease) : undefined;
  }

  #lease(subject: string): Lease {
    const known = this.#leases.get(subject);
    if (known) return known;
    const [oldest] = this.#leases.keys();
    if (oldest !== undefined && this.#leases.size >= MOST_SUBJECTS) this.#leases.delete(oldest);
    const lease: Lease = {
      tokens: 0,
      until: 0,
      left: this.#policy.limit,
      size: 0,
      refusedUntil: 0,
      waiting: 0,
      asking: undefined,
    };
    this.#leases.set(subject, lease);
    return lease;
  }

  #spend(subject: string, lease: Lease): Verdict | undefined {
    const now = this.#now();
    const refused = now < lease.refusedUntil;
    if (lease.tokens === 0 || now >= lease.until) return refused ? this.#refusal(lease) : undefined;
    lease.tokens -= 1;
    // Half of them left: the next ones come before they are missed.
    if (!refused && lease.tokens > 0 && lease.tokens === lease.size >> 1) void this.#ask(subject, lease);
    const { tokens, left } = lease;
    return { allowed: true, policy: this.#policy, remaining: tokens + left, retryAfterSeconds: 0 };
  }

  async #askThenSpend(subject: string, lease: Lease): Promise<Verdict> {
    lease.waiting += 1;
    try {
      for (;;) {
        await this.#ask(subject, lease);
        const verdict = this.#spend(subject, lease);
        if (verdict) return verdict;
      }
    } finally {
      lease.waiting -= 1;
    }
  }

  /** One trip to Redis for all that wait for the same lease. */
  #ask(subject: string, lease: Lease): Promise<void> {
    lease.asking ??= this.#renew(subject, lease).finally(() => {
      lease.asking = undefined;
    });
    return lease.asking;
  }

  async #renew(subject: string, lease: Lease): Promise<void> {
    const busy = this.#now() < lease.until + LEASE_MS;
    const wanted = Math.max(lease.waiting, busy ? lease.size * 2 : 1);
    lease.size = Math.max(1, Math.min(wanted, this.#mostAhead));
    const taken = await this.#takeOrDoWithout(subject, lease.size);
    const now = this.#now();
    if (taken.given === 0) {
      lease.refusedUntil = now + Math.max(1, taken.waitMs);
      return;
    }
    lease.tokens = (now < lease.until ? lease.tokens : 0) + taken.given;
    lease.until = now + LEASE_MS;
    lease.left = taken.left;
  }

  async #takeOrDoWithout(subject: string, wanted: number): Promise<Taken> {
    if (this.#now() >= this.#awayUntil) {
      try {
        return await this.#takeTokens(this.#policy, subject, wanted);
      } catch {
        this.#awayUntil = this.#now() + AWAY_MS;
      }
    }
    return this.#takeLocally(this.#policy, subject, wanted);
  }

  #refusal(lease: Lease): Verdict {
    const retryAfterSeconds = Math.max(1, Math.ceil((lease.refusedUntil - this.#now()) / 1_000));
    return { allowed: false, policy: this.#policy, remaining: 0, retryAfterSeconds };
  }
}
