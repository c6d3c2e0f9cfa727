import { systemClock } from './clock.ts';
import {
  localBuckets,
  type Policy,
  type Taken,
  type TakeTokens,
  type TakeTokensNow,
  type Unspent,
} from './tokenBuckets.ts';

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
/** Tokens taken ahead are good for this long. What is unspent then goes back with the next trip. */
const LEASE_MS = 1_000;
/** Does not wait for a Redis that just failed to answer. */
const AWAY_MS = 1_000;
const MOST_SUBJECTS = 10_000;

interface Lease {
  tokens: number;
  until: number;
  /** What was left in the bucket itself. */
  left: number;
  /** Since when the bucket has not been full, as it said itself. */
  since: string;
  /** What the last trip asked for. */
  size: number;
  /** How many were let through since that trip. */
  spent: number;
  refusedUntil: number;
  waiting: number;
  asking: Promise<void> | undefined;
}

/**
 * One policy over all processes. Each takes a few tokens ahead from the bucket in Redis and spends them by itself, so
 * never more get through than the policy says, but for what comes back while a token is held, a second or two; a
 * process may refuse up to a twentieth of the limit early, while another one holds tokens that it does not spend. It
 * holds few: as many as were spent of late, and twice as many only while those go before their time. None are lost,
 * the unspent ones go back. A refusal is remembered, so a flood does not reach Redis. While Redis is away, each
 * process applies the whole policy by itself.
 */
export class RateLimiter {
  readonly #policy: Policy;
  readonly #takeTokens: TakeTokens;
  readonly #takeLocally: TakeTokensNow;
  readonly #elapsed: () => number;
  readonly #leases = new Map<string, Lease>();
  readonly #mostAhead: number;
  #awayUntil = 0;

  constructor(policy: Policy, takeTokens: TakeTokens, elapsed: () => number = systemClock.elapsed) {
    this.#policy = policy;
    this.#takeTokens = takeTokens;
    this.#takeLocally = localBuckets(elapsed);
    this.#elapsed = elapsed;
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
    return lease && this.#elapsed() < lease.refusedUntil ? this.#refusal(lease) : undefined;
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
      since: '',
      size: 0,
      spent: 0,
      refusedUntil: 0,
      waiting: 0,
      asking: undefined,
    };
    this.#leases.set(subject, lease);
    return lease;
  }

  #spend(subject: string, lease: Lease): Verdict | undefined {
    const now = this.#elapsed();
    const refused = now < lease.refusedUntil;
    if (lease.tokens === 0 || now >= lease.until) return refused ? this.#refusal(lease) : undefined;
    lease.tokens -= 1;
    lease.spent += 1;
    // Half of them left: the next ones come before they are missed.
    if (!refused && lease.tokens > 0 && lease.tokens === lease.size >> 1) void this.#ask(subject, lease);
    // While tokens are held, the bucket may fill up beside them. A request that got through is never left out.
    const remaining = Math.min(lease.tokens + lease.left, this.#policy.limit - 1);
    return { allowed: true, policy: this.#policy, remaining, retryAfterSeconds: 0 };
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
    const expired = this.#elapsed() >= lease.until;
    const wanted = Math.max(lease.waiting, expired ? lease.spent : lease.size * 2);
    const unspent = { tokens: expired ? lease.tokens : 0, since: lease.since };
    lease.tokens -= unspent.tokens;
    lease.size = Math.max(1, Math.min(wanted, this.#mostAhead));
    lease.spent = 0;
    const taken = await this.#takeOrDoWithout(subject, lease.size, unspent);
    const now = this.#elapsed();
    // Held while the bucket was full again, they would come on top of a full bucket.
    if (taken.since !== lease.since) lease.tokens = 0;
    lease.since = taken.since;
    if (taken.given === 0) {
      lease.refusedUntil = now + Math.max(1, taken.waitMs);
      return;
    }
    lease.tokens += taken.given;
    lease.until = now + LEASE_MS;
    lease.left = taken.left;
  }

  async #takeOrDoWithout(subject: string, wanted: number, unspent: Unspent): Promise<Taken> {
    if (this.#elapsed() >= this.#awayUntil) {
      try {
        return await this.#takeTokens(this.#policy, subject, wanted, unspent);
      } catch {
        this.#awayUntil = this.#elapsed() + AWAY_MS;
      }
    }
    return this.#takeLocally(this.#policy, subject, wanted, unspent);
  }

  #refusal(lease: Lease): Verdict {
    const retryAfterSeconds = Math.max(1, Math.ceil((lease.refusedUntil - this.#elapsed()) / 1_000));
    return { allowed: false, policy: this.#policy, remaining: 0, retryAfterSeconds };
  }
}
