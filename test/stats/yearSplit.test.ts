import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { splitByYear } from '../../src/stats/read/yearSplit.ts';
import { daysFrom } from './rangeModel.ts';

const split = (startDay: string, endDay: string) => splitByYear({ startDay, endDay });

const day = fc
  .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const nearby = fc.integer({ min: 0, max: 800 });

describe('what the total of a range is added up from', () => {
  it.each([
    ['a day', '2024-02-29', '2024-02-29', undefined, [[1, '2024-02', 29, 29]]],
    ['a month', '2024-02-01', '2024-02-29', undefined, [[1, '2024', 2, 2]]],
    ['a year', '2024-01-01', '2024-12-31', ['2024', '2024'], []],
    ['everything', '0001-01-01', '9999-12-31', ['0001', '9999'], []],
    [
      'all but both ends',
      '0001-01-02',
      '9999-12-30',
      ['0001', '9999'],
      [
        [-1, '0001-01', 1, 1],
        [-1, '9999-12', 31, 31],
      ],
    ],
    ['the last day there is', '9999-12-31', '9999-12-31', undefined, [[1, '9999-12', 31, 31]]],
    ['a year but a month', '2024-02-01', '2024-12-31', ['2024', '2024'], [[-1, '2024', 1, 1]]],
    [
      'months over a turn of a year',
      '2023-11-01',
      '2024-02-29',
      undefined,
      [
        [1, '2023', 11, 12],
        [1, '2024', 1, 2],
      ],
    ],
    [
      'years and a little more',
      '2020-12-31',
      '2024-01-31',
      ['2021', '2023'],
      [
        [1, '2024', 1, 1],
        [1, '2020-12', 31, 31],
      ],
    ],
    [
      'years and a little less',
      '2020-02-10',
      '2024-11-30',
      ['2020', '2024'],
      [
        [-1, '2020', 1, 1],
        [-1, '2024', 12, 12],
        [-1, '2020-02', 1, 9],
      ],
    ],
    ['days in the first half of a month', '2024-01-02', '2024-01-10', undefined, [[1, '2024-01', 2, 10]]],
    [
      'most of a month',
      '2024-01-03',
      '2024-01-30',
      undefined,
      [
        [1, '2024', 1, 1],
        [-1, '2024-01', 1, 2],
        [-1, '2024-01', 31, 31],
      ],
    ],
  ])('of %s', (_, start, end, years, runs) => {
    const found = split(start, end);
    expect(found.years).toEqual(years);
    expect(found.runs.map(({ sign, of, first, last }) => [sign, of, first, last])).toEqual(runs);
  });

  it('is every day of it once and no other, from 12 months and 30 days at most', () => {
    fc.assert(
      fc.property(day, nearby, (start, length) => {
        const end = new Date(Math.min(Date.parse(start) + length * 86_400_000, Date.parse('9999-12-31')))
          .toISOString()
          .slice(0, 10);
        const { years, runs } = split(start, end);
        const times = new Map<string, number>();
        const note = (days: string[], sign: number) => {
          for (const one of days) times.set(one, (times.get(one) ?? 0) + sign);
        };
        if (years) note(daysFrom(`${years[0]}-01-01`, `${years[1]}-12-31`), 1);
        const sizes = { 4: 0, 7: 0 };
        for (const { sign, of, first, last } of runs) {
          sizes[of.length as 4 | 7] += last - first + 1;
          const year = of.slice(0, 4);
          const within = daysFrom(`${year}-01-01`, `${year}-12-31`).filter((one) => one.startsWith(of));
          const number = (one: string) => Number(one.slice(of.length + 1, of.length + 3));
          note(
            within.filter((one) => number(one) >= first && number(one) <= last),
            sign,
          );
        }
        const counted = [...times].filter(([, count]) => count !== 0);
        expect(counted.sort()).toEqual(daysFrom(start, end).map((one) => [one, 1]));
        expect(sizes[4]).toBeLessThanOrEqual(12);
        expect(sizes[7]).toBeLessThanOrEqual(30);
      }),
      { numRuns: 500 },
    );
  });

  it('is few periods also over thousands of years', () => {
    fc.assert(
      fc.property(day, day, (one, other) => {
        const [start = '', end = ''] = [one, other].sort();
        const numbers = split(start, end).runs.map(({ first, last }) => last - first + 1);
        expect(numbers.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(42);
      }),
    );
  });
});
