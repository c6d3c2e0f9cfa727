import { type AuditChange, changesIn, entryOf, touches } from '../../audit/changes.ts';
import { auditEntries } from '../../audit/readAudit.ts';
import { digestOf, identityOf, valueIn } from '../../orders/identity.ts';
import type { IdCase } from '../../orders/ids.ts';
import { orderOf, receivedAt } from '../../queue/readOrderJob.ts';
import { DAY_MS } from '../../runtime/units.ts';
import { digestsInLedger } from '../../stats/read/lookInLedger.ts';
import { type ShownChange, shownChanges } from '../runs/rows.ts';
import type { TryParts } from '../runs/tryRecipe.ts';
import { changesBetween } from './changes.ts';
import { findJobs } from './findJobs.ts';
import {
  dataOf,
  type JobState,
  type KeptIssue,
  type KeptOrder,
  keptOrder,
  type Names,
  namesIn,
} from './keptOrder.ts';
import { judge, type Outcome, outcomeOf } from './standing.ts';

/** One delivery of an order: a message, its job, and what became of it. Times are ISO, UTC. */
export interface Delivery {
  job: string;
  partition: number;
  /** `gone`: only its repair is kept. */
  state: JobState | 'gone';
  receivedAt: string;
  /** How the message came, as far as it is kept on the job. */
  message: unknown;
  tries: number;
  refused: { firstAt: string | undefined; sentence: string; issues: KeptIssue[] } | undefined;
  edits: { at: string; by: unknown; changes: ShownChange[]; changed: number }[];
  /** What it would count as if it were tried now; undefined for one that has ended. */
  now: Outcome | undefined;
  ended: { outcome: string; at: string | undefined } | undefined;
  /** Whether what it holds now is what was counted under its name; undefined when that cannot be told. */
  sameAsCounted: boolean | undefined;
  data: unknown;
  original: unknown;
  changes: AuditChange[];
}

export interface Story {
  names: Names | undefined;
  /** What the ledger says of the name; undefined when nobody can read one. It forgets after so many days. */
  ledger: { counted: boolean; minorUnits: number | undefined; remembersDays: number } | undefined;
  /** When it counted, if that is still kept on a job or a repair. */
  countedAt: string | undefined;
  /** The one asked for first, the others by when they came. */
  deliveries: Delivery[];
}

/** All that is kept of an order that is named by a job, which is its message's id, or by its user and its own id. */
export async function readStory(parts: TryParts, asked: { job: string } | Names): Promise<Story> {
  const { redis, partitions, ledgerRetentionDays } = parts;
  const { idCase } = parts.rules;
  const found = new Map<string, KeptOrder>();
  const keep = async (home: (typeof partitions.all)[number], id: string, names?: Names) => {
    const place = `${home.index} ${id}`;
    const kept = found.has(place) ? undefined : await keptOrder(redis, home, id);
    if (kept && (names === undefined || isOf(names, kept, idCase))) found.set(place, kept);
  };
  if ('job' in asked) for (const each of partitions.all) await keep(each, asked.job);
  const first = [...found.values()];
  const names = 'job' in asked ? first.map((each) => namesIn(dataOf(each), idCase)).find(Boolean) : asked;
  if (names) {
    // Where it was sent to, when somebody has edited its user, its jobs are in another partition.
    const homes = new Set([partitions.of(names.userId), ...first.map(({ partition }) => partition)]);
    for (const home of homes) {
      for (const id of await findJobs(redis, home, spellingsOf(names))) await keep(home, id, names);
    }
  }
  const home = names && partitions.of(names.userId);
  const [digest] =
    names && home
      ? await digestsInLedger(redis, home, [identityOf(names)], { retentionDays: ledgerRetentionDays })
      : [];
  const changes = await changesOf(parts, [...found.values()]);
  const deliveries = [...found.values()].map((kept) => deliveryOf(kept, parts, digest, changes));
  const others = deliveries.slice(first.length).sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
  return {
    names,
    ledger: names && {
      counted: digest !== undefined,
      minorUnits: digest && valueIn(digest),
      remembersDays: ledgerRetentionDays,
    },
    countedAt: deliveries.map(({ ended }) => ended).find((each) => each?.outcome === 'counted')?.at,
    deliveries: [...deliveries.slice(0, first.length), ...others],
  };
}

/** Redis takes small and capital letters of A to Z alone for the same; `isOf` decides. */
const spellingsOf = ({ orderId, written }: Names): string[] => [orderId, orderId.toLowerCase(), written];

function isOf(names: Names, kept: KeptOrder, idCase: IdCase): boolean {
  const of = namesIn(dataOf(kept), idCase);
  return of?.orderId === names.orderId && of.userId === names.userId;
}

function deliveryOf(
  kept: KeptOrder,
  parts: TryParts,
  counted: Buffer | undefined,
  changes: readonly AuditChange[],
): Delivery {
  const { id, partition, job, repair } = kept;
  const data = dataOf(kept);
  const judged = judge(data, job?.addedAt ?? 0, parts);
  const hasEnded = job === undefined || job.state === 'completed';
  const isSame = 'order' in judged && counted ? counted.equals(digestOf(judged.order)) : undefined;
  const sentence = job?.failedReason || repair?.failedReason || '';
  return {
    job: id,
    partition: partition.index,
    state: job?.state ?? 'gone',
    receivedAt: receivedAt(data, job?.addedAt ?? 0),
    message: messageIn(data),
    tries: job?.attempts ?? 0,
    refused: sentence === '' ? undefined : { firstAt: firstAt(kept), sentence, issues: job?.issues ?? [] },
    edits: editsOf(kept),
    now: hasEnded ? undefined : outcomeOf(judged, isSame),
    ended: endOf(kept),
    sameAsCounted: isSame,
    data,
    original: repair?.original ?? data,
    changes: changes.filter((change) => touches(change, id)).map(({ jobs: _, ...change }) => change),
  };
}

/** Undefined while it may still run. */
function endOf({ job, repair }: KeptOrder): Delivery['ended'] {
  if (repair?.outcome) return { outcome: repair.outcome.outcome, at: repair.outcome.at };
  if (job?.state !== 'completed') return undefined;
  const { outcome } = (job.returned ?? {}) as { outcome?: string };
  return {
    outcome: outcome ?? 'completed',
    at: job.finishedAt === undefined ? undefined : iso(job.finishedAt),
  };
}

/** What each edit changed, from what was sent on. */
function editsOf({ repair }: KeptOrder): Delivery['edits'] {
  let before = repair?.original;
  return (repair?.edits ?? []).map(({ at, by, data }) => {
    const changes = changesBetween(sentIn(before), sentIn(data));
    before = data;
    return { at, by, changes: shownChanges(changes), changed: changes.length };
  });
}

/** With all its digits; what cannot be read is shown as it is stored. */
function sentIn(data: unknown): unknown {
  try {
    return orderOf(data, Number.POSITIVE_INFINITY);
  } catch {
    return data;
  }
}

const messageIn = (data: unknown): unknown => (data as { message?: unknown } | null)?.message;

function firstAt({ failedFirst, job }: KeptOrder): string | undefined {
  const ms = failedFirst ?? job?.finishedAt;
  return ms === undefined ? undefined : iso(ms);
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** A change comes after its order: what was written down before is not read, but for a day in which clocks may differ. */
async function changesOf({ redis }: TryParts, kept: readonly KeptOrder[]): Promise<AuditChange[]> {
  if (kept.length === 0) return [];
  const since = Math.min(...kept.map((each) => Date.parse(receivedAt(dataOf(each), each.job?.addedAt ?? 0))));
  const about = new Set<string>();
  const entries = [];
  for await (const page of auditEntries(redis, Math.max(0, since - DAY_MS))) {
    for (const entry of page) {
      const { phase, of, ...change } = entryOf(entry);
      const isAbout = phase === 'intent' ? kept.some(({ id }) => touches(change, id)) : about.has(of ?? '');
      if (!isAbout) continue;
      about.add(entry.id);
      entries.push(entry);
    }
  }
  return changesIn(entries);
}
