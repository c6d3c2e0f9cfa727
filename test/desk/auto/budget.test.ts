import { describe, expect, it } from '@jest/globals';
import { leftOf, type Spent, spend } from '../../../src/desk/auto/budget.ts';
import { type Ended, whyInVain, withEnded } from '../../../src/desk/auto/helping.ts';

const MINUTE = 60_000;
const NOON = Date.parse('2026-05-01T12:00:00Z');

describe('the budget of a standing recipe', () => {
  it('is one of the hour and of the day that end now, whatever the clock says', () => {
    const budget = { perHour: 100, perDay: 250 };
    let spent: Spent[] = [];
    const left = (now: number) => leftOf(spent, budget, now).orders;
    expect(left(NOON)).toBe(100);
    spent = spend(spent, { orders: 60, minorUnits: 0 }, NOON - MINUTE);
    spent = spend(spent, { orders: 30, minorUnits: 0 }, NOON + MINUTE);
    expect(left(NOON + 2 * MINUTE)).toBe(10);
    expect(left(NOON + 58 * MINUTE)).toBe(10);
    expect(left(NOON + 63 * MINUTE)).toBe(70);
    expect(left(NOON + 71 * MINUTE)).toBe(100);
    spent = spend(spent, { orders: 100, minorUnits: 0 }, NOON + 80 * MINUTE);
    expect(left(NOON + 200 * MINUTE)).toBe(60);
    expect(left(NOON + 26 * 60 * MINUTE)).toBe(100);
  });

  it('may bound money, and forgets what is older than a day', () => {
    let spent: Spent[] = [];
    for (let n = 0; n < 1_000; n += 1)
      spent = spend(spent, { orders: 1, minorUnits: 10 }, NOON + n * 5 * MINUTE);
    expect(spent.length).toBeLessThanOrEqual(290);
    const now = NOON + 999 * 5 * MINUTE;
    const budget = { perHour: 1_000, perDay: 1_000, moneyPerDay: 2_900 };
    expect(leftOf(spent, budget, now).minorUnits).toBe(10);
    expect(leftOf([], { perHour: 1, perDay: 1 }, now).minorUnits).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a standing recipe', () => {
  const recent = (...ended: Ended[]) => ended.reduce<Ended[]>(withEnded, []);
  it('helps while no more than a fifth of the last fifty was in vain', () => {
    expect(whyInVain(recent([9, 9]))).toBeUndefined();
    expect(whyInVain(recent([9, 9], [1, 0]))).toContain('of the last 10 orders 9');
    expect(whyInVain(recent([50, 10]))).toBeUndefined();
    expect(whyInVain(recent([50, 11]))).toContain('of the last 50 orders 11');
    expect(whyInVain(recent([50, 50], [60, 0]))).toBeUndefined();
    expect(whyInVain(recent([100, 0], [30, 0], [20, 11]))).toContain('of the last 50 orders 11');
  });
});
