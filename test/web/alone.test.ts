import { describe, expect, it } from '@jest/globals';
import { alone } from '../../src/web/kit/alone.ts';

describe('values that no line leads to', () => {
  it.each<[(number | null)[], number[]]>([
    [[], []],
    [[5], [0]],
    [[null, 0, null], [1]],
    [
      [1, null, 2, null, null, 3],
      [0, 2, 5],
    ],
    [[1, 2, null, 3, 4], []],
  ])('of %j are at %j', (values, places) => {
    expect(alone(values)).toEqual(places);
  });
});
