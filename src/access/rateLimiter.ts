import { systemClock } from './clock.ts';
import { localBuckets, type Policy, type TakeToken, type TakeTokenNow } from './tokenBuckets.ts';

export interface Verdict {
  allowed: boolean;
  policy: Policy;
  /** Requests left at once. */
  remaining: number;
  /** Seconds until a request is let through again; 0 when this one was. */
  retryAfterSeconds: number;
}

/** Does not wait for a Redis that just failed to answer. */
const AWAY_MS = 1_000;
const MOST_REFUSED = 10_000;

/**
 * One policy over all processes: a token a request, from the subject's bucket in Redis. A refusal is remembered until
 * the next token is due, so a flood does not reach Redis. While Redis is away, each process applies the whole policy
 * by itself.
 */
export class RateLimiter {
  readonly #policy: Policy;
  readonly #takeToken: TakeToken;
  readonly #takeLocally: TakeTokenNow;
  readonly #elapsed: () => number;
  readonly #refusedUntil = new Map<string, number>();
  #awayUntil = 0;

  constructor(policy: Policy, takeToken: TakeToken, elapsed: () => number = systemClock.elapsed) {
    this.#policy = policy;
    this.#takeToken = takeToken;
    this.#takeLocally = localBuckets(elapsed);
    this.#elapsed = elapsed;
  }

  /** Takes one token. Never rejects. */
  async take(subject: string): Promise<Verdict> {
    const refused = this.refuses(subject);
    if (refused) return refused;
    const { allowed, left, waitMs } = await this.#takeOrDoWithout(subject);
    if (allowed) return { allowed, policy: this.#policy, remaining: left, retryAfterSeconds: 0 };
    if (this.#refusedUntil.size >= MOST_REFUSED) this.#refusedUntil.clear();
    this.#refusedUntil.set(subject, this.#elapsed() + Math.max(1, waitMs));
    return this.#refusal(waitMs);
  }

  /** Whether the next `take` would be refused, as far as this process knows. Takes nothing. */
  refuses(subject: string): Verdict | undefined {
    const waitMs = (this.#refusedUntil.get(subject) ?? 0) - this.#elapsed();
    if (waitMs > 0) return this.#refusal(waitMs);
    this.#refusedUntil.delete(subject);
    return undefined;
  }

  async #takeOrDoWithout(subject: string) {
    if (this.#elapsed() >= this.#awayUntil) {
      try {
        return await this.#takeToken(this.#policy, subject);
      } catch {
        this.#awayUntil = this.#elapsed() + AWAY_MS;
      }
    }
    return this.#takeLocally(this.#policy, subject);
  }

  #refusal(waitMs: number): Verdict {
    const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
    return { allowed: false, policy: this.#policy, remaining: 0, retryAfterSeconds };
  }
}
