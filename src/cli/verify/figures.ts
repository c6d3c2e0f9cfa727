import type { Totals } from '../../stats/figures.ts';
import { Differences } from './differences.ts';
import type { Periods } from './periods.ts';

/**
 * What one partition holds, read from every place that can say it; or the same of several, added up. An order
 * touches one partition, all places of it at once: so what must be equal in a partition is equal over several, also
 * when each was read at another time.
 */
export interface Figures {
  global: Totals;
  /** Over the users' own hashes. */
  users: Totals & { users: number };
  /** Members of the lists by spend and by count. */
  listed: { bySpend: number; byCount: number };
  differing: Differences;
  days: Periods;
  months: Periods;
  years: Periods;
  /** Users from before new ones were told apart. */
  knownBefore: number;
  ledger: {
    /** Entries that the ledgers say the current generation has. */
    size: number;
    /** Entries found, in the current generation and in the one before. */
    current: number;
    previous: number;
    /** Ledgers whose size is not what was found. */
    wrongSizes: number;
    /** Whether an order that was once counted may be gone from a ledger. */
    forgot: boolean;
  };
  duplicates: number;
  /** Whether orders were counted or detail dropped while this was read: then sums may differ without anything being wrong. */
  moved: boolean;
}

export const noFigures = (): Figures => ({
  global: { orders: 0, minorUnits: 0 },
  users: { users: 0, orders: 0, minorUnits: 0 },
  listed: { bySpend: 0, byCount: 0 },
  differing: new Differences(),
  days: new Map(),
  months: new Map(),
  years: new Map(),
  knownBefore: 0,
  ledger: { size: 0, current: 0, previous: 0, wrongSizes: 0, forgot: false },
  duplicates: 0,
  moved: false,
});

/** Adds the figures of further partitions to those of others. */
export function addFigures(sum: Figures, more: Figures): Figures {
  sum.differing.addAll(more.differing);
  addPeriods(sum.days, more.days);
  addPeriods(sum.months, more.months);
  addPeriods(sum.years, more.years);
  return {
    ...sum,
    global: added(sum.global, more.global),
    users: added(sum.users, more.users),
    listed: added(sum.listed, more.listed),
    knownBefore: sum.knownBefore + more.knownBefore,
    ledger: {
      ...added(withoutFlag(sum.ledger), withoutFlag(more.ledger)),
      forgot: sum.ledger.forgot || more.ledger.forgot,
    },
    duplicates: sum.duplicates + more.duplicates,
    moved: sum.moved || more.moved,
  };
}

function addPeriods(sum: Periods, more: Periods): void {
  for (const [period, figures] of more) {
    const before = sum.get(period);
    sum.set(period, before === undefined ? figures : added(before, figures));
  }
}

const withoutFlag = ({ forgot: _, ...counts }: Figures['ledger']) => counts;

function added<T extends { [K in keyof T]: number }>(a: T, b: T): T {
  const names = Object.keys(a) as (keyof T)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as T;
}
