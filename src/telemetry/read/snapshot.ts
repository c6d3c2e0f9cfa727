import type { Failures } from '../../queue/failures/readFailures.ts';
import { titleOf } from '../../queue/orderQueues.ts';
import type { QueueState } from '../../queue/watchQueues.ts';
import { HOUR_MS } from '../../runtime/units.ts';
import type { Totals } from '../../stats/figures.ts';
import type { Backlog } from '../../store/archiveStand.ts';
import type { Counter, InboxDepth, NewestCounted, NewestRefused, Stage } from '../figures.ts';
import { type Percentiles, percentilesOf } from '../latency.ts';
import type { Figures } from '../packed.ts';
import type { BucketKind, Pulse, SeenProcess } from './pulse.ts';

/** What the whole installation is doing now, whoever draws it. Money is minor units, times are ms since 1970. */
export interface Snapshot {
  now: number;
  currency: string;
  counted: Totals & { users: number; perSecond: number; newestAt: number | undefined };
  /** Sent to counted, of the last minute, ms; undefined when none counted. */
  latency: Percentiles | undefined;
  inbox:
    | ({ state: 'seen' | 'blind' } & InboxDepth & {
          oldestSeconds: number | undefined;
          /** Undefined where it could never be looked at: then the counts say nothing. */
          seenAt: number | undefined;
        })
    | undefined;
  bridge: {
    processes: number;
    /** Since when there is none; undefined while one runs. */
    missingSince: number | undefined;
    perSecond: number;
    pausedBy: string[];
    /** Of the last minute; undefined when nothing was received. */
    callsPer1000: number | undefined;
    dollarsPerMillion: number | undefined;
    durabilityWarning: string | undefined;
  };
  queue: QueueState | undefined;
  workers: {
    processes: number;
    /** As of the bridge. */
    missingSince: number | undefined;
    concurrency: number;
    busyShare: number;
    retriedPerMinute: number;
  };
  failed: Failures;
  /** What waits in Redis to become history; undefined while none is kept. */
  history?: Backlog | undefined;
  /** Of the last minute: all that ended, and refused ones by reason. */
  ended: number;
  refused: Map<string, number>;
  /** A minute ago: what waited, undefined where nobody looked, and how many ended then. */
  before: Record<'waiting' | 'delayed' | 'inbox', number | undefined> & { ended: number };
  processes: (SeenProcess & { gone: boolean })[];
  /** `queue` is what the partition's queue is called on the board. */
  newest: { counted: NewestCounted[]; refused: (NewestRefused & { queue: string })[] };
}

export interface SnapshotParts {
  currency: string;
  /** How many there are. */
  partitions: number;
  look: (kind: BucketKind, seconds: number) => Promise<Pulse>;
  totals: () => Promise<Totals & { users: number }>;
  failed: () => Promise<Failures>;
  /** Of the history, where one is kept. */
  backlog?: (() => Promise<Backlog>) | undefined;
  /** As the queues were seen last, two seconds ago at most. */
  queue: () => QueueState | undefined;
}

/** A process that misses so many beats has gone: one that stops in order says so. */
const GONE_AFTER_MS = 15_000;
/** For how long one that has gone is a warning; after that it is history. */
const GONE_FOR_MS = HOUR_MS;
/** What is said to happen per second is the mean of these last ones. */
export const RATE_SECONDS = 10;
const MINUTE = 60;

/** Three round trips at once, and one more for each partition. */
export async function readSnapshot({
  currency,
  partitions,
  look,
  totals,
  failed,
  backlog,
  queue,
}: SnapshotParts): Promise<Snapshot> {
  const [pulse, all, waiting, history] = await Promise.all([
    look('seconds', 2 * MINUTE),
    totals(),
    failed(),
    backlog?.(),
  ]);
  const second = Math.floor(pulse.now / 1_000);
  const [lately, minute] = [pulse.sum(second, RATE_SECONDS), pulse.sum(second, MINUTE)];
  const before = pulse.sum(second - MINUTE, RATE_SECONDS);
  const of = (figures: Figures, counter: Counter) => figures.counts.get(counter) ?? 0;
  const perSecond = (counter: Counter) => of(lately, counter) / RATE_SECONDS;
  const processes = pulse.processes
    .map((each) => ({ ...each, gone: pulse.now - each.seenAt > GONE_AFTER_MS }))
    .filter(({ seenAt }) => pulse.now - seenAt < GONE_FOR_MS)
    .sort((a, b) => a.started_at.localeCompare(b.started_at));
  const alive = processes.filter(({ gone }) => !gone);
  const bridges = alive.filter(({ paused_by }) => paused_by !== undefined);
  const workers = alive.filter(({ concurrency }) => concurrency !== undefined);
  // Where there never was one, since there is anybody who could miss it.
  const begun =
    alive.length === 0 ? undefined : Math.min(...alive.map((each) => Date.parse(each.started_at)));
  const missingSince = (stage: Stage, running: readonly unknown[]) =>
    running.length > 0 ? undefined : (pulse.lastSeen(stage) ?? begun);
  const concurrency = workers.reduce((sum, each) => sum + (each.concurrency ?? 0), 0);
  const received = of(minute, 'received');
  const callsPerOrder = received === 0 ? undefined : of(minute, 'sqs_calls') / received;
  const price = bridges[0]?.dollars_per_million_calls;
  return {
    now: pulse.now,
    currency,
    counted: { ...all, perSecond: perSecond('counted'), newestAt: pulse.lastCounted },
    latency: percentilesOf(minute.latency),
    inbox: inboxOf(bridges, minute),
    bridge: {
      processes: bridges.length,
      missingSince: missingSince('bridge', bridges),
      perSecond: perSecond('received'),
      pausedBy: [...new Set(bridges.flatMap(({ paused_by = [] }) => paused_by))],
      callsPer1000: callsPerOrder === undefined ? undefined : callsPerOrder * 1_000,
      dollarsPerMillion:
        callsPerOrder === undefined || price === undefined ? undefined : callsPerOrder * price,
      durabilityWarning: bridges.find((each) => each.durability_warning !== undefined)?.durability_warning,
    },
    queue: queue(),
    workers: {
      processes: workers.length,
      missingSince: missingSince('worker', workers),
      concurrency,
      busyShare:
        concurrency === 0 ? 0 : Math.min(1, of(lately, 'busy_ms') / (RATE_SECONDS * 1_000 * concurrency)),
      retriedPerMinute: of(minute, 'retried'),
    },
    failed: waiting,
    history,
    ended: endedOf(minute),
    refused: refusedOf(minute),
    before: {
      waiting: before.gauges.get('waiting'),
      delayed: before.gauges.get('delayed'),
      inbox: before.gauges.get('inbox_visible'),
      ended: endedOf(before),
    },
    processes,
    newest: {
      counted: pulse.newestCounted,
      refused: pulse.newestRefused.map((each) => ({
        ...each,
        queue: titleOf({ index: each.partition }, partitions),
      })),
    },
  };
}

const refusedOf = ({ counts }: Figures): Map<string, number> =>
  new Map(
    [...counts].flatMap(([name, count]) =>
      name.startsWith('refused:') ? [[name.slice('refused:'.length), count] as const] : [],
    ),
  );

function endedOf(figures: Figures): number {
  const { counts } = figures;
  const ended = [counts.get('counted'), counts.get('duplicate'), counts.get('failed')];
  return [...ended, ...refusedOf(figures).values()].reduce<number>((sum, count = 0) => sum + count, 0);
}

/** SQS does not say how old its oldest message is; what is received says how old messages are when their turn comes. */
function inboxOf(bridges: readonly SeenProcess[], minute: Figures): Snapshot['inbox'] {
  const isBlind =
    bridges.length > 0 && bridges.every(({ troubles }) => troubles.some(({ what }) => what === 'sqs'));
  const looks = bridges.flatMap(({ inbox }) => (inbox ? [inbox] : []));
  const newest = looks.sort((a, b) => b.seen_at.localeCompare(a.seen_at))[0];
  if (!newest) return isBlind ? NEVER_SEEN : undefined;
  const { seen_at, oldest_seconds: _, ...depth } = newest;
  const lag = minute.gauges.get('lag_ms');
  return {
    state: isBlind ? 'blind' : 'seen',
    ...depth,
    oldestSeconds: depth.visible > 0 && lag !== undefined ? Math.round(lag / 1_000) : undefined,
    seenAt: Date.parse(seen_at),
  };
}

const NEVER_SEEN: Snapshot['inbox'] = {
  state: 'blind',
  visible: 0,
  in_flight: 0,
  delayed: 0,
  dead_letters: null,
  oldestSeconds: undefined,
  seenAt: undefined,
};
