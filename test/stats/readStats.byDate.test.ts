import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Order } from '../../src/orders/order.ts';
import { makeReadStats, type ReadStats } from '../../src/stats/read/readStats.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { daysFrom } from './rangeModel.ts';
import { endings, order, recorder } from './recording.ts';

const MONTHS = [1987, 1988, 1989].flatMap((year) =>
  Array.from({ length: 12 }, (_, index) => `${year}-${String(index + 1).padStart(2, '0')}`),
);

const lastDayOf = (month: string) =>
  daysFrom(`${month}-01`, '1989-12-31').findLast((day) => day.startsWith(month));

// Two Februaries of either kind, and the ends of what a date can be.
const DAYS = [
  '0001-01-01',
  '0001-01-31',
  '0004-02-29',
  '0099-12-31',
  '1900-02-28',
  ...MONTHS.flatMap((month) => [`${month}-01`, `${month}-15`, `${month}-16`, `${lastDayOf(month)}`]),
  '2000-02-29',
  ...daysFrom('2022-12-01', '2025-03-31'),
  '9999-12-01',
  '9999-12-31',
];

// Values are no multiples of each other, so that a wrong choice of days cannot add up to the right sum by accident.
const ORDERS: Order[] = DAYS.map((day, index) =>
  order({ orderId: `O${index}`, userId: `U${index % 17}`, day, minorUnits: 1_000_000 + index * index }),
);

const expected = (start: string, end: string) => {
  const inside = ORDERS.filter(({ day }) => day >= start && day <= end);
  return { orders: inside.length, minorUnits: inside.reduce((sum, { minorUnits }) => sum + minorUnits, 0) };
};

describe.each([1, 4])('the totals of a range of days, over %d partitions', (count) => {
  let server: TestRedis;
  let read: ReadStats;

  beforeAll(async () => {
    server = await startTestRedis();
    const partitions = makePartitions(count);
    await endings(recorder(server.client(), partitions), ORDERS);
    read = makeReadStats(server.client(), partitions);
  });
  afterAll(() => server.stop());

  it.each([
    ['one day', '2024-05-15', '2024-05-15', 1],
    ['the first day of a month', '2024-05-01', '2024-05-01', 1],
    ['the last day of a month', '2024-05-31', '2024-05-31', 1],
    ['a day without orders', '2021-05-15', '2021-05-15', 0],
    ['part of a month', '2024-05-10', '2024-05-20', 11],
    ['a month up to the day before its last', '2024-05-01', '2024-05-30', 30],
    ['a month from its second day', '2024-05-02', '2024-05-31', 30],
    ['a whole month', '2024-05-01', '2024-05-31', 31],
    ['February of a leap year', '2024-02-01', '2024-02-29', 29],
    ['February of a leap year but its last day', '2024-02-01', '2024-02-28', 28],
    ['February of a common year', '2023-02-01', '2023-02-28', 28],
    ['the turn of a month', '2024-02-29', '2024-03-01', 2],
    ['the turn of a year', '2023-12-31', '2024-01-01', 2],
    ['two whole months', '2024-02-01', '2024-03-31', 60],
    ['the edges of two months', '2024-01-20', '2024-02-10', 22],
    ['a whole month between edges', '2024-01-20', '2024-03-10', 51],
    ['whole months after an edge', '2024-01-31', '2024-04-30', 91],
    ['whole months before an edge', '2024-01-01', '2024-03-01', 61],
    ['the longest edges', '2023-12-02', '2024-03-30', 120],
    ['a whole year', '2024-01-01', '2024-12-31', 366],
    ['years and edges', '2022-12-15', '2025-02-14', 793],
    ['a year but its first day', '2024-01-02', '2024-12-31', 365],
    ['a year but its last day', '2024-01-01', '2024-12-30', 365],
    ['a year but its last month', '2024-01-01', '2024-11-30', 335],
    ['years far apart', '0099-12-31', '9999-12-01', DAYS.length - 4],
    ['years far apart, from their edges', '1900-02-28', '2000-02-29', 146],
    ['the first year', '0001-01-01', '0001-12-31', 2],
    ['the last day there is', '9999-12-31', '9999-12-31', 1],
    ['everything', '0001-01-01', '9999-12-31', DAYS.length],
    ['everything but both ends', '0001-01-02', '9999-12-30', DAYS.length - 2],
    ['29 February 2000, though 1900 had none', '1900-02-01', '2000-02-29', 146],
  ])('are those of %s', async (_, start, end, orders) => {
    expect(expected(start, end).orders).toBe(orders);
    expect(await read.byDate(start, end)).toEqual(expected(start, end));
  });

  it('are those of any range, whichever month it begins and ends in', async () => {
    const starts = MONTHS.flatMap((month) => [`${month}-01`, `${month}-16`]);
    const ends = MONTHS.flatMap((month) => [`${month}-15`, `${lastDayOf(month)}`]);
    const wrong: string[] = [];
    for (const start of starts) {
      for (const end of ends.filter((end) => end > start)) {
        const { orders, minorUnits } = await read.byDate(start, end);
        const right = expected(start, end);
        if (orders !== right.orders || minorUnits !== right.minorUnits) wrong.push(`${start}..${end}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('are those of any range', async () => {
    const day = fc.oneof(
      fc.constantFrom(...DAYS),
      fc
        .date({ min: new Date('2022-11-01'), max: new Date('2025-05-01'), noInvalidDate: true })
        .map((date) => date.toISOString().slice(0, 10)),
    );
    await fc.assert(
      fc.asyncProperty(day, day, async (one, other) => {
        const [start = '', end = ''] = [one, other].sort();
        expect(await read.byDate(start, end)).toEqual(expected(start, end));
      }),
      { numRuns: 200 },
    );
  });

  it('add up over neighbouring ranges, wherever they are cut', async () => {
    const whole = await read.byDate('2023-06-15', '2024-09-10');
    const days = daysFrom('2023-06-15', '2024-09-09');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: days.length - 1 }), async (index) => {
        const cut = days[index] as string;
        const next = daysFrom(cut, '2024-09-10')[1] as string;
        const before = await read.byDate('2023-06-15', cut);
        const after = await read.byDate(next, '2024-09-10');
        expect(before.orders + after.orders).toBe(whole.orders);
        expect(before.minorUnits + after.minorUnits).toBe(whole.minorUnits);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the totals of a range before any order', () => {
  it('are zeros', async () => {
    const server = await startTestRedis();
    const read = makeReadStats(server.client(), makePartitions(4));
    expect(await read.byDate('0001-01-01', '9999-12-31')).toEqual({ orders: 0, minorUnits: 0 });
    expect(await read.byDate('2024-05-15', '2024-05-15')).toEqual({ orders: 0, minorUnits: 0 });
    await server.stop();
  });
});
