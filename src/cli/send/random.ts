export interface Random {
  /** A whole number from 0 to n - 1. */
  below(n: number): number;
  /** True in `share` of the calls, 0 to 1. */
  chance(share: number): boolean;
  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** An index below n that favours the low ones: the first tenth comes up about a third of the time. */
  skewed(n: number): number;
}

/**
 * xoshiro128**, its state filled by splitmix32 from one seed of 32 bits. Only integer arithmetic and products of
 * doubles, no Math.pow or Math.log: those may differ in the last digit between engines, and a seed would no
 * longer name the same orders everywhere.
 */
export function createRandom(seed: number): Random {
  const fill = splitmix32(seed);
  let [a, b, c, d] = [fill(), fill(), fill(), fill()];
  const next = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
  const fraction = (): number => next() / 0x1_0000_0000;
  const below = (n: number): number => Math.floor(fraction() * n);
  return {
    below,
    chance: (share) => fraction() < share,
    pick: <T>(list: readonly T[]): T => list[below(list.length)] as T,
    skewed: (n) => {
      const at = fraction();
      return Math.floor(at * at * n);
    },
  };
}

const rotateLeft = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}
