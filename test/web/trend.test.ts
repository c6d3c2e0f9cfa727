import { describe, expect, it } from '@jest/globals';
import { trendInWords } from '../../src/web/desk/trend.ts';

const hours = (...last: number[]): number[] => [...Array<number>(48 - last.length).fill(0), ...last];

describe('the trend of a cause, for whoever hears the page', () => {
  it.each([
    [hours(1), 'In the last 48 hours 1 order failed first, most of them in this hour (1)'],
    [
      hours(1_200, 3, 0),
      'In the last 48 hours 1,203 orders failed first, most of them 2 hours ago (1,200), 0 in this hour',
    ],
    [
      hours(5, 5, 2),
      'In the last 48 hours 12 orders failed first, most of them 1 hour ago (5), 2 in this hour',
    ],
  ])('says when most failed and whether more do', (trend, words) => {
    expect(trendInWords(trend)).toBe(words);
  });
});
