import type { RateLimiter, Verdict } from './rateLimiter.ts';

/** `refused` is a guess that was not even looked at. */
export type Compared = { right: boolean } | { refused: Verdict };

const MOST_KNOWN = 1_000;

/**
 * Compares passwords, never more of them than the failures of their address allow: a token is taken before the
 * comparison, not after it, or a burst of guesses would all be compared while the first is being counted.
 *
 * The token of a right password is kept for that address instead of going back. The next comparison spends it, at once
 * and without a trip to Redis, and when the password is right again it is kept again. So an operator at work costs
 * nothing, and whoever guesses from the same address meanwhile gets no guess for free.
 */
export function countedComparison(
  isRight: (text: string) => boolean,
  failures: RateLimiter,
): (address: string, text: string) => Promise<Compared> {
  /** Addresses with a token in hand. */
  const known = new Set<string>();
  /** The same guess, sent many times at once, is one: the first requests of a browser do not use up the failures. */
  const underWay = new Map<string, Promise<Compared>>();

  const compare = (address: string, text: string): Compared => {
    known.delete(address);
    const right = isRight(text);
    if (right) keep(address);
    return { right };
  };
  const keep = (address: string) => {
    const [oldest] = known;
    if (oldest !== undefined && known.size >= MOST_KNOWN) known.delete(oldest);
    known.add(address);
  };
  const judge = (verdict: Verdict, address: string, text: string): Compared =>
    verdict.allowed ? compare(address, text) : { refused: verdict };

  return async (address, text) => {
    if (known.has(address)) return compare(address, text);
    const guess = `${address} ${text}`;
    const same = underWay.get(guess);
    if (same) return same;
    const judging = failures
      .take(address)
      .then((taken) => judge(taken, address, text))
      .finally(() => underWay.delete(guess));
    underWay.set(guess, judging);
    return judging;
  };
}
