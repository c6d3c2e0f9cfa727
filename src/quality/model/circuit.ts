import type { CallOutcome } from './opinion.ts';

const FAILURES = 3;
const FIRST_MS = 30_000;
const LONGEST_MS = 900_000;
/** A key or a model that the endpoint does not know will not be known a second later. */
const FOR_GOOD = new Set<CallOutcome>(['http_401', 'http_402', 'http_403', 'http_404']);
const OF_THIS_SIDE = new Set<CallOutcome>(['over_budget', 'redis_away', 'closed']);
const OF_THE_ENDPOINT = /^(?:timeout|unreachable|too_large|http_)/;

/**
 * Leaves an endpoint alone that fails again and again, ever longer; then one call tries whether it is back. What the
 * model says badly is no failure of the endpoint.
 */
export class Circuit {
  readonly #now: () => number;
  #failures = 0;
  #openings = 0;
  #openUntil = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether a call may be made now. The one that tries closes the door behind it until its end is told. */
  lets(): boolean {
    if (this.#now() < this.#openUntil) return false;
    if (this.#openings > 0) this.#openUntil = this.#now() + this.#pauseMs();
    return true;
  }

  ended(outcome: CallOutcome): void {
    if (OF_THIS_SIDE.has(outcome)) {
      // It was not asked, so nothing is known of it.
      this.#openUntil = Math.min(this.#openUntil, this.#now());
      return;
    }
    if (!OF_THE_ENDPOINT.test(outcome)) {
      this.#failures = 0;
      this.#openings = 0;
      this.#openUntil = 0;
      return;
    }
    this.#failures += 1;
    if (this.#openings === 0 && this.#failures < FAILURES && !FOR_GOOD.has(outcome)) return;
    this.#openings += 1;
    this.#openUntil = this.#now() + this.#pauseMs();
  }

  /** ms since 1970; undefined while calls are made. */
  get openUntil(): number | undefined {
    return this.#now() < this.#openUntil ? this.#openUntil : undefined;
  }

  #pauseMs(): number {
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, this.#openings - 1));
  }
}
