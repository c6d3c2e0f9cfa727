import type { Cluster, Redis } from 'ioredis';
import { worthOf } from '../../queue/failures/failure.ts';
import { idsOf } from '../../queue/readOrderJob.ts';
import { type InLedger, type LedgerEntry, lookInLedger } from '../../stats/read/lookInLedger.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { type Meant, matching } from '../matching.ts';
import type { Recipe } from '../recipes/recipe.ts';
import { type Fault, type Prepared, prepare, type Rules, type StoredJob } from './prepare.ts';
import { type ShownChange, shownChanges } from './rows.ts';
import { JOBS_AT_ONCE, storedJobs } from './storedJobs.ts';

export interface TryParts {
  redis: Redis | Cluster;
  partitions: Partitions;
  rules: Rules;
  ledgerRetentionDays: number;
  /** Of all money that is told. */
  currency: string;
}

/** Money in minor units, of each order what it would count for. */
export interface Counts {
  orders: number;
  minorUnits: number;
}

export interface Tried {
  orders: number;
  /** What the orders say they are worth as they are; those that say nothing are counted in `unknown`. */
  before: Counts & { unknown: number };
  wouldCount: Counts;
  duplicates: Counts;
  /** Most orders first. */
  stillFail: { orders: number; reasons: (Omit<Fault, 'why'> & { orders: number; example: string })[] };
  diffs: Diff[];
}

export interface Diff {
  job: string;
  partition: number;
  orderId: string;
  userId: string;
  changes: ShownChange[];
  outcome: 'would count' | 'duplicate' | 'still fails';
}

/** One waits for Redis while the other judges; more would only hold more orders in memory. */
const LANES = 2;
const DIFFS = 3;
const REASONS_SHOWN = 50;

/**
 * What a recipe would do to every order that matches, by the rules and the ledger as they are now. Writes nothing. Of two
 * orders of one name that pass, the second is a duplicate, or fails, as it would when both run.
 */
export async function tryRecipe(
  { redis, partitions, rules, ledgerRetentionDays }: TryParts,
  where: Meant,
  recipe: Recipe | undefined,
): Promise<Tried> {
  const tried = emptyTrial();
  const reasons = new Map<string, Tried['stillFail']['reasons'][number]>();
  const seen = new Map<string, Buffer>();
  const settle = (partition: Partition, job: StoredJob, made: Prepared, known: InLedger) => {
    const fault = made.fault ?? conflictOf(known);
    const outcome = fault ? 'still fails' : known === 'same' ? 'duplicate' : 'would count';
    addWorth(tried, job.data);
    if (fault) addFault(reasons, fault);
    else add(known === 'same' ? tried.duplicates : tried.wouldCount, made.order?.minorUnits ?? 0);
    if (tried.diffs.length < DIFFS && made.changes.length > 0) {
      const changes = shownChanges(made.changes);
      tried.diffs.push({ job: job.id, partition: partition.index, ...idsOf(job.data), changes, outcome });
    }
  };
  const tryIn = async (partition: Partition) => {
    for await (const page of matching(redis, partition, where)) {
      for (let from = 0; from < page.length; from += JOBS_AT_ONCE) {
        const ids = page.slice(from, from + JOBS_AT_ONCE).map(({ id }) => id);
        const jobs = await storedJobs(redis, partition, ids);
        const made = jobs.map((job) => prepare(job, recipe, rules));
        const known = await knownOf(redis, partitions, made, ledgerRetentionDays, seen);
        for (const [at, job] of jobs.entries())
          settle(partition, job, made[at] as Prepared, known[at] as InLedger);
      }
    }
  };
  const left = [...partitions.all];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await tryIn(next);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const all = [...reasons.values()].sort((a, b) => b.orders - a.orders);
  tried.stillFail = {
    orders: all.reduce((sum, { orders }) => sum + orders, 0),
    reasons: all.slice(0, REASONS_SHOWN),
  };
  tried.orders = tried.wouldCount.orders + tried.duplicates.orders + tried.stillFail.orders;
  return tried;
}

/** What the ledgers say of what passes, each in the partition of its user; and what `seen` holds of those before. */
export async function knownOf(
  redis: Redis | Cluster,
  partitions: Partitions,
  made: readonly Prepared[],
  retentionDays: number,
  seen: Map<string, Buffer> = new Map(),
): Promise<InLedger[]> {
  const known: InLedger[] = made.map(() => 'absent');
  const homes = made.map(({ order }) => (order ? partitions.of(order.userId) : undefined));
  for (const home of new Set(homes)) {
    if (home === undefined) continue;
    const places = [...homes.keys()].filter((at) => homes[at] === home);
    const entries = places.map((at) => (made[at] as { entry: LedgerEntry }).entry);
    const found = await lookInLedger(redis, home, entries, { retentionDays });
    for (const [nth, at] of places.entries()) known[at] = found[nth] as InLedger;
  }
  for (const [at, one] of made.entries()) {
    if (one.fault || known[at] !== 'absent') continue;
    const name = one.entry.identity.toString('latin1');
    const before = seen.get(name);
    if (before) known[at] = before.equals(one.entry.digest) ? 'same' : 'other';
    else seen.set(name, one.entry.digest);
  }
  return known;
}

export const conflictOf = (known: InLedger): Fault | undefined =>
  known === 'other'
    ? {
        reason: 'conflicting_duplicate',
        path: 'order_id',
        why: 'an order of this id and user was counted with other content',
      }
    : undefined;

const emptyTrial = (): Tried => ({
  orders: 0,
  before: { orders: 0, minorUnits: 0, unknown: 0 },
  wouldCount: { orders: 0, minorUnits: 0 },
  duplicates: { orders: 0, minorUnits: 0 },
  stillFail: { orders: 0, reasons: [] },
  diffs: [],
});

function add(counts: Counts, minorUnits: number): void {
  counts.orders += 1;
  counts.minorUnits += minorUnits;
}

function addWorth({ before }: Tried, data: unknown): void {
  const worth = worthOf(data);
  add(before, worth ?? 0);
  if (worth === undefined) before.unknown += 1;
}

function addFault(reasons: Map<string, Tried['stillFail']['reasons'][number]>, fault: Fault): void {
  const path = fault.path.replace(/\[\d+\]/g, '[*]');
  const key = `${fault.reason} ${path}`;
  const known = reasons.get(key) ?? { reason: fault.reason, path, orders: 0, example: fault.why };
  known.orders += 1;
  reasons.set(key, known);
}
