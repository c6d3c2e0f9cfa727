import type { Order } from '../../src/orders/order.ts';
import { monthOf } from '../../src/orders/timestamp.ts';
import type { DayRange, Granularity, Point, Totals, UserTotals } from '../../src/stats/figures.ts';

/** Every day from one to another, both in it. */
export function daysFrom(start: string, end: string): string[] {
  const days: string[] = [];
  for (let time = Date.parse(`${start}T00:00:00Z`); ; time += 86_400_000) {
    days.push(new Date(time).toISOString().slice(0, 10));
    if (days.at(-1) === end) return days;
  }
}

const isIn = (day: string, { startDay, endDay }: DayRange) => day >= startDay && day <= endDay;

const totalOf = (orders: readonly Order[]): Totals => ({
  orders: orders.length,
  minorUnits: orders.reduce((sum, { minorUnits }) => sum + minorUnits, 0),
});

const bytesDescending = (a: string, b: string) => Buffer.compare(Buffer.from(b), Buffer.from(a));

/** What the stats should say of these orders, each of them counted. Plain filters over a list. */
export function rangeModel(orders: readonly Order[]) {
  const between = (range: DayRange, userId?: string) =>
    orders.filter((one) => isIn(one.day, range) && (userId === undefined || one.userId === userId));
  const usersOf = (some: readonly Order[]): UserTotals[] =>
    [...new Set(some.map(({ userId }) => userId))].map((userId) => ({
      userId,
      ...totalOf(some.filter((one) => one.userId === userId)),
    }));
  const everyone = usersOf(orders);
  return {
    between: (range: DayRange, userId?: string) => totalOf(between(range, userId)),
    bySpend: (range: DayRange) =>
      usersOf(between(range)).toSorted(
        (a, b) => b.minorUnits - a.minorUnits || bytesDescending(a.userId, b.userId),
      ),
    byOrders: (range: DayRange) =>
      usersOf(between(range)).toSorted((a, b) => b.orders - a.orders || bytesDescending(a.userId, b.userId)),
    series(granularity: Granularity, range: DayRange, userId?: string): Point[] {
      const some = between(range, userId);
      const periods = new Set(daysFrom(range.startDay, range.endDay).map((day) => nameOf(granularity, day)));
      return [...periods].map((period) => ({
        period,
        ...totalOf(some.filter(({ day }) => nameOf(granularity, day) === period)),
      }));
    },
    rank(userId: string) {
      const own = everyone.find((one) => one.userId === userId);
      return (
        own && {
          spenders: 1 + everyone.filter(({ minorUnits }) => minorUnits > own.minorUnits).length,
          buyers: 1 + everyone.filter(({ orders }) => orders > own.orders).length,
          users: everyone.length,
        }
      );
    },
    /** Whether an answer needs a day before `from`: one with orders of `some`, in a month that is not all asked for. */
    needsDayBefore(from: string, range: DayRange, some: (userId: string) => boolean): boolean {
      return between(range).some(
        ({ day, userId }) => day < from && some(userId) && !wholeMonthIsIn(monthOf(day), range),
      );
    },
  };
}

/** The period a day lies in. */
export function nameOf(granularity: Granularity, day: string): string {
  if (granularity === 'week') return isoWeekOf(day);
  if (granularity === 'quarter') return `${day.slice(0, 4)}-Q${Math.ceil(Number(day.slice(5, 7)) / 3)}`;
  return day.slice(0, { day: 10, month: 7, year: 4 }[granularity]);
}

/** Week 1 is the one with January 4; walked to from there. */
function isoWeekOf(day: string): string {
  for (let year = Number(day.slice(0, 4)) + 1; ; year -= 1) {
    const fourth = new Date(`${year}-01-04T00:00:00Z`);
    const monday = fourth.getTime() - ((fourth.getUTCDay() + 6) % 7) * 86_400_000;
    const days = (Date.parse(`${day}T00:00:00Z`) - monday) / 86_400_000;
    if (days >= 0) return `${year}-W${String(Math.floor(days / 7) + 1).padStart(2, '0')}`;
  }
}

function wholeMonthIsIn(month: string, range: DayRange): boolean {
  const [year, index] = month.split('-').map(Number) as [number, number];
  const end = new Date(`${month}-01T00:00:00Z`);
  end.setUTCFullYear(year, index, 0);
  return isIn(`${month}-01`, range) && isIn(end.toISOString().slice(0, 10), range);
}
