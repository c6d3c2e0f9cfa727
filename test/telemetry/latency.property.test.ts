import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BINS, binOf, boundOf, percentileOf } from '../../src/telemetry/latency.ts';

/** From a millisecond to what the last bin but one holds, as many short ones as long ones. */
const latencies = fc.array(
  fc.double({ min: 0, max: Math.log2(boundOf(BINS - 2)), noNaN: true }).map((power) => 2 ** power),
  { minLength: 1, maxLength: 300 },
);

const counted = (all: readonly number[]): number[] => {
  const counts = new Array<number>(BINS).fill(0);
  for (const one of all) counts[binOf(one)] = (counts[binOf(one)] ?? 0) + 1;
  return counts;
};

describe('latencies by bins', () => {
  it('give percentiles within 10 % of the exact ones', () => {
    fc.assert(
      fc.property(latencies, fc.constantFrom(0.01, 0.5, 0.9, 0.95, 0.99, 1), (all, share) => {
        const sorted = all.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(all.length * share)) - 1] as number;
        const read = percentileOf(counted(all), share) as number;
        expect(Math.abs(read - exact) / exact).toBeLessThan(0.1);
      }),
      { numRuns: 500 },
    );
  });

  it('are merged by adding', () => {
    fc.assert(
      fc.property(latencies, latencies, (one, other) => {
        const [first, second] = [counted(one), counted(other)];
        const merged = first.map((count, bin) => count + (second[bin] as number));
        expect(merged).toEqual(counted([...one, ...other]));
      }),
    );
  });

  it('put everything somewhere, also what no clock should say', () => {
    expect([-1, 0, 1, Number.NaN].map(binOf)).toEqual([0, 0, 0, 0]);
    expect([1e9, Number.POSITIVE_INFINITY].map(binOf)).toEqual([BINS - 1, BINS - 1]);
    expect(percentileOf(counted([0]), 0.5)).toBe(1);
    expect(percentileOf(counted([]), 0.5)).toBeUndefined();
  });
});
