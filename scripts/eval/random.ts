/** A stream of numbers that a seed decides (mulberry32). */
export interface Random {
  /** 0 to 1. */
  next(): number;
  below(most: number): number;
  pick<T>(some: readonly T[]): T;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const below = (most: number) => Math.floor(next() * most);
  return { next, below, pick: (some) => some[below(some.length)] as (typeof some)[number] };
}
