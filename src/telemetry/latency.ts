/*
 * Latencies as counts by bins whose bounds grow by the fourth root of two: merged by adding, and a percentile read from
 * them is at most 9 % off. Four bins double the bound; the last holds all that took more than four hours.
 */

export const BINS = 96;
export const BINS_PER_DOUBLING = 4;

export function binOf(milliseconds: number): number {
  if (!(milliseconds > 1)) return 0;
  return Math.min(BINS - 1, Math.ceil(BINS_PER_DOUBLING * Math.log2(milliseconds)));
}

/** The longest that falls into the bin, ms. */
export const boundOf = (bin: number): number => 2 ** (bin / BINS_PER_DOUBLING);

/** What so large a share of them did not exceed, ms; undefined of none. The middle of its bin, by ratio. */
export function percentileOf(counts: readonly number[], share: number): number | undefined {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return undefined;
  let left = Math.max(1, Math.ceil(all * share));
  const bin = counts.findIndex((count) => {
    left -= count;
    return left <= 0;
  });
  return bin === 0 ? 1 : 2 ** ((bin - 0.5) / BINS_PER_DOUBLING);
}

export interface Percentiles {
  p50: number;
  p95: number;
  p99: number;
}

/** Undefined of none. */
export function percentilesOf(counts: readonly number[]): Percentiles | undefined {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => percentileOf(counts, share));
  return p50 === undefined || p95 === undefined || p99 === undefined ? undefined : { p50, p95, p99 };
}
