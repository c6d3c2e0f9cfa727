/** How a few orders ended that were tried together: how many they were, and how many it did not help. */
export type Ended = readonly [tried: number, inVain: number];

/** So many orders are looked back at. */
const LOOKED_BACK_AT = 50;
/** Of fewer nothing is told. */
const FEWEST = 10;
/** In percent. */
const MOST_IN_VAIN = 20;

/** The newest first: as many as are looked back at, with more that have ended now. */
export function withEnded(before: readonly Ended[], ended: Ended): Ended[] {
  let orders = 0;
  return [ended, ...before].filter(([tried]) => {
    const isNeeded = orders < LOOKED_BACK_AT;
    orders += tried;
    return isNeeded;
  });
}

/** Why a recipe does not help any more; undefined while it does, or nobody can tell. */
export function whyInVain(ended: readonly Ended[]): string | undefined {
  const all = ended.reduce((sum, [tried]) => sum + tried, 0);
  const inVain = ended.reduce((sum, [, some]) => sum + some, 0);
  if (all < FEWEST || inVain * 100 <= all * MOST_IN_VAIN) return undefined;
  return `of the last ${all} orders ${inVain} failed again, would have, or were duplicates, more than ${MOST_IN_VAIN} %`;
}
