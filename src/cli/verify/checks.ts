import { TOTAL_ROOM } from '../../orders/money.ts';
import type { Granularity } from '../../stats/figures.ts';
import { periodOf } from '../../stats/read/dayRange.ts';
import { type Check, equalCounts, noneWrong } from './check.ts';
import type { Figures } from './figures.ts';
import { noPeriod, type PeriodFigures, type Periods } from './periods.ts';

/** What must be equal over all partitions, and whether it is. `elsewhere`: tags of others that are in use. */
export function checksOf(figures: Figures, elsewhere: string[]): Check[] {
  const { global, users, listed, differing, days, months, years, ledger } = figures;
  const everybody = Math.max(users.users, listed.bySpend, listed.byCount);
  const ofYears = sumOf(years);
  const ofMonths = sumOf(months);
  const ofDays = sumOf(days);
  const newOrBefore = figures.knownBefore + ofYears.newUsers;
  const { moved } = figures;
  const check = (name: string, expected: number, found: number, more: Partial<Check> = {}): Check => ({
    ...equalCounts(name, expected, found, { moved }),
    ...more,
  });
  const money = { unit: 'minor_units' } as const;
  // Each of these users was read at one moment before it was held against them: nothing is inconclusive.
  const perUser = (name: string, wrong: number) => equalCounts(name, everybody, everybody - wrong);
  const perPeriod = (name: string, wrong: string[], periods: Periods) =>
    noneWrong(name, periods.size, wrong.sort(), moved);
  return [
    check('orders of all users = global', global.orders, users.orders),
    check('orders of all years = global', global.orders, ofYears.orders),
    check('orders of all months = global', global.orders, ofMonths.orders),
    check('orders of all days = global', global.orders, ofDays.orders),
    check('spend of all users = global', global.minorUnits, users.minorUnits, money),
    check('revenue past the room of a total', 0, Math.max(0, global.minorUnits - TOTAL_ROOM), {
      ...money,
      verdict: global.minorUnits > TOTAL_ROOM ? 'differs' : 'ok',
    }),
    check('revenue of all years = global', global.minorUnits, ofYears.minorUnits, money),
    check('revenue of all months = global', global.minorUnits, ofMonths.minorUnits, money),
    check('revenue of all days = global', global.minorUnits, ofDays.minorUnits, money),
    perPeriod('years that equal their months', unlike(years, summedBy('year', months)), years),
    perPeriod('months that equal their days', unlike(months, summedBy('month', days)), months),
    perPeriod('days that equal their spenders', unlisted(days), days),
    perPeriod('months that equal their spenders', unlisted(months), months),
    perUser('users right in the list by spend', differing.counts['spend list']),
    perUser('users right in the list by orders', differing.counts['order list']),
    perUser('users whose months equal their spend', differing.counts.months),
    check('users new somewhere or from before, at most users', everybody, newOrBefore, {
      ...(newOrBefore <= everybody ? { verdict: 'ok' as const } : {}),
    }),
    check('ledger size = entries found', ledger.size, ledger.current, {
      ...(ledger.wrongSizes > 0 && !moved ? { verdict: 'differs' as const } : {}),
    }),
    ledgerCheck(figures, check),
    equalCounts('orders or jobs outside the partitions', 0, elsewhere.length, { wrong: elsewhere.sort() }),
  ];
}

/** Once a ledger has dropped a generation, it may hold fewer orders than were ever counted; never more. */
function ledgerCheck(
  { ledger, global }: Figures,
  check: (name: string, expected: number, found: number, more?: Partial<Check>) => Check,
): Check {
  const entries = ledger.current + ledger.previous;
  if (!ledger.forgot) return check('orders in the ledger = global', global.orders, entries);
  const within = entries <= global.orders ? { verdict: 'ok' as const } : {};
  return check('orders in the ledger, at most global', global.orders, entries, within);
}

function sumOf(periods: Periods): { orders: number; minorUnits: number; newUsers: number } {
  const sum = { orders: 0, minorUnits: 0, newUsers: 0 };
  for (const { orders, minorUnits, newUsers } of periods.values()) {
    sum.orders += orders;
    sum.minorUnits += minorUnits;
    sum.newUsers += newUsers;
  }
  return sum;
}

function summedBy(length: Granularity, parts: Periods): Periods {
  const sums: Periods = new Map();
  for (const [part, { orders, minorUnits, newUsers }] of parts) {
    const period = periodOf(length, part);
    const sum = sums.get(period) ?? noPeriod();
    sums.set(period, {
      ...sum,
      orders: sum.orders + orders,
      minorUnits: sum.minorUnits + minorUnits,
      newUsers: sum.newUsers + newUsers,
    });
  }
  return sums;
}

function unlike(periods: Periods, others: Periods): string[] {
  const same = (a: PeriodFigures, b: PeriodFigures | undefined) =>
    a.orders === b?.orders && a.minorUnits === b.minorUnits && a.newUsers === b.newUsers;
  return [...periods]
    .filter(([period, figures]) => !same(figures, others.get(period)))
    .map(([period]) => period);
}

function unlisted(periods: Periods): string[] {
  const same = (of: PeriodFigures) =>
    of.detailedMinorUnits === of.listed && of.detailedOrders === of.counted && of.spenders === of.buyers;
  return [...periods].filter(([, figures]) => !same(figures)).map(([period]) => period);
}
