import { describe, expect, it } from '@jest/globals';
import { rangeIn, seenIn } from '../../src/web/quality/picture.ts';

describe('the picture of a group, what was seen beside what was expected', () => {
  it.each<[string, ReturnType<typeof rangeIn>]>([
    ['1.85 to 4.25', [1.85, 4.25]],
    ['2.5', [2.5, 2.5]],
    ['at most 100000', [0, 100_000]],
    ['about 3.2 in this order', [3.2, 3.2]],
    ['47.08, as items[0].price_per_unit has it', [47.08, 47.08]],
    ['2023-03-02T01:20:00.000Z, the same count taken as seconds', undefined],
    ['at most now, on 2026-11-27', undefined],
    ['30 at 2', undefined],
    ['missing in 0.20 % of them', undefined],
    ['22423A, 22424', undefined],
    ['More than 500 of one product is asked back', undefined],
  ])('takes %s for %j', (expected, range) => {
    expect(rangeIn(expected)).toEqual(range);
  });

  it.each<[string, number | undefined]>([
    ['12.5', 12.5],
    ['12.5, and as far off in 5 orders before', 12.5],
    ['2093-01-04T00:00:00.000Z', undefined],
    ['2 at 30', undefined],
    ['2 words without a number, a street or a comma', undefined],
    ['A9', undefined],
  ])('has %s seen as %j', (observed, amount) => {
    expect(seenIn(observed)).toBe(amount);
  });
});
