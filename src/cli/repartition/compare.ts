import type { Cluster, Redis } from 'ioredis';
import type { Partitions } from '../../store/partitions.ts';
import type { Progress } from '../kit/progress.ts';
import type { Figures } from '../verify/figures.ts';
import type { Periods } from '../verify/periods.ts';
import { readAllFigures } from '../verify/verifyAll.ts';
import { countRepairs } from './copyRepairs.ts';
import { countRows } from './copyRuns.ts';
import { countJobs } from './jobPlaces.ts';
import type { Split } from './split.ts';

/** A figure of the copy that is not that of the original. All are such that what is missing makes them smaller. */
export interface Mismatch {
  what: string;
  before: number;
  after: number;
}

/** Adds up the original and the copy, over all partitions each. Empty when they are equal. */
export async function compareCopy(
  redis: Redis | Cluster,
  split: Split,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<Mismatch[]> {
  const before = await figuresOf(redis, split.from, progress, signal);
  const after = await figuresOf(redis, split.to, progress, signal);
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names]
    .map((what) => ({ what, before: before.get(what) ?? 0, after: after.get(what) ?? 0 }))
    .filter((figure) => figure.before !== figure.after);
}

async function figuresOf(
  redis: Redis | Cluster,
  partitions: Partitions,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const { figures } = await readAllFigures(redis, partitions, progress, { signal, userMonths: false });
  const jobs = await countJobs(redis, partitions.all);
  const repairs = await countRepairs(redis, partitions.all);
  return new Map([
    ...flat(figures),
    ...Object.entries(jobs).map(([state, count]): Named => [`${state} jobs`, count]),
    ['edited orders', repairs.edits],
    ['repaired orders', repairs.repairs],
    ['repaired orders by when they ended', repairs.ended],
    ['orders in receipts', await countRows(redis, partitions)],
  ]);
}

type Named = [what: string, value: number];

function flat({
  global,
  users,
  listed,
  differing,
  days,
  months,
  years,
  ledger,
  duplicates,
}: Figures): Named[] {
  return [
    ['orders', global.orders],
    ['revenue', global.minorUnits],
    ['users', users.users],
    ['orders of users', users.orders],
    ['spend of users', users.minorUnits],
    ['users in the list by spend', listed.bySpend],
    ['users in the list by orders', listed.byCount],
    ['users right in the list by spend', users.users - differing.counts['spend list']],
    ['users right in the list by orders', users.users - differing.counts['order list']],
    ['ledger entries, current', ledger.current],
    ['ledger entries, previous', ledger.previous],
    ['ledger sizes', ledger.size],
    ['duplicates', duplicates],
    ...periods(days),
    ...periods(months),
    ...periods(years),
  ];
}

function periods(all: Periods): Named[] {
  return [...all].flatMap(
    ([period, { orders, minorUnits, listed, counted, spenders, newUsers }]): Named[] => [
      [`orders of ${period}`, orders],
      [`revenue of ${period}`, minorUnits],
      [`spend listed for ${period}`, listed],
      [`orders listed for ${period}`, counted],
      [`spenders of ${period}`, spenders],
      [`new users of ${period}`, newUsers],
    ],
  );
}
