import { formatMinorUnits } from '../../orders/money.ts';
import { RATE_SECONDS, type Snapshot } from './snapshot.ts';

export type Level = 'green' | 'amber' | 'red';

/** Something that somebody should know, by a rule that anybody can read below. */
export interface Condition {
  name: string;
  level: Exclude<Level, 'green'>;
  /** Both plain sentences, without personal data or secrets. */
  sentence: string;
  advice: string;
  /** ms since 1970; undefined where only now is known. */
  since: number | undefined;
}

export interface Verdict {
  level: Level;
  /** Whether orders flow, and what waits; to be read in three seconds. */
  sentences: string[];
  /** Worst first. */
  conditions: Condition[];
}

const OLD_SECONDS = 300;
/** A process that is replaced by a newer one is away for less. */
const MISSING_MS = 60_000;
const MANY_WAITING = 1_000;
const GROWN = 1.5;
const FEW_ENDED = 20;
const MANY_REFUSED = 0.2;
const MUCH_BACKLOG = 1_000_000;

/**
 * What is wrong now, and what to do about it. deploy/prometheus/alerts.yml has the same rules over longer times: a page may
 * change its mind, nobody should be called for a moment.
 */
function conditionsOf(snapshot: Snapshot): Condition[] {
  const found = [...derived(snapshot), ...reported(snapshot)];
  const byName = new Map(found.reverse().map((each) => [each.name, each]));
  const order = (a: Condition, b: Condition) => (a.level === b.level ? 0 : a.level === 'red' ? -1 : 1);
  return [...byName.values()].reverse().sort(order);
}

function derived(snapshot: Snapshot): Condition[] {
  const { now, inbox, queue, bridge, workers, failed, history, ended, refused, before, processes } = snapshot;
  const is = (
    condition: boolean,
    name: string,
    level: Condition['level'],
    sentence: string,
    advice: string,
    since?: number,
  ): Condition[] => (condition ? [{ name, level, sentence, advice, since }] : []);
  const inQueue = (queue?.waiting ?? 0) + (queue?.delayed ?? 0);
  const inInbox = inbox?.visible ?? 0;
  // One that was put off by hand waits for its time; one that is tried again and again waits for us.
  const isRetrying = workers.retriedPerMinute > 0;
  const waiting = inInbox + (isRetrying ? inQueue : (queue?.waiting ?? 0));
  const waitingBefore =
    (before.inbox ?? 0) + (before.waiting ?? 0) + (isRetrying ? (before.delayed ?? 0) : 0);
  // An order that has just come, after a quiet night or the first of all, is no reason for an alarm.
  const isSilent = ended + before.ended === 0 && waiting > 0 && waitingBefore > 0;
  const inQueueBefore = before.waiting === undefined ? undefined : before.waiting + (before.delayed ?? 0);
  const oldest = Math.max(inbox?.oldestSeconds ?? 0, ageOf(now, queue?.oldestAt));
  const refusals = [...refused.values()].reduce((sum, count) => sum + count, 0);
  const gone = processes.filter((each) => each.gone);
  const isMissing = ({ missingSince }: { missingSince: number | undefined }) =>
    missingSince !== undefined && now - missingSince > MISSING_MS;
  return [
    ...is(
      isSilent,
      'nothing_counted',
      'red',
      `Nothing is counted while ${amount(waiting, 'order waits', 'orders wait')}.`,
      whyNothing(snapshot, waiting === inInbox),
      snapshot.counted.newestAt,
    ),
    ...is(
      isMissing(bridge),
      'no_bridge',
      'red',
      'No bridge runs: what is sent stays in the inbox.',
      'Start one: order-pipeline bridge.',
      bridge.missingSince,
    ),
    ...is(
      isMissing(workers),
      'no_worker',
      'red',
      'No worker runs: what is received stays in the queue.',
      'Start one: order-pipeline worker.',
      workers.missingSince,
    ),
    ...is(
      inbox?.state === 'blind',
      'bridge_blind',
      'red',
      'No bridge can ask SQS for messages.',
      'Look at the reason in /health of a bridge: credentials, region, network or the name of the inbox.',
    ),
    ...is(
      failed.orders > 0,
      'orders_wait',
      'amber',
      waitSentence(snapshot),
      'Find the cause at /desk, repair all of its orders at once and see that they count.',
      failed.since === null ? undefined : Date.parse(failed.since),
    ),
    ...is(
      (inbox?.dead_letters ?? 0) > 0,
      'dead_letters',
      'amber',
      `${amount(inbox?.dead_letters ?? 0, 'message lies', 'messages lie')} in the dead-letter queue.`,
      'Find out why they were given up, then redrive them to the inbox: none is counted twice.',
    ),
    ...is(
      oldest > OLD_SECONDS,
      'oldest_message',
      'amber',
      `The oldest order has waited for ${duration(oldest * 1_000)}.`,
      'Add workers, or raise their concurrency: order-pipeline concurrency.',
    ),
    ...is(
      inQueue > MANY_WAITING && inQueueBefore !== undefined && inQueue > GROWN * inQueueBefore,
      'backlog_growing',
      'amber',
      `${whole(inQueue)} orders wait in the queue, ${whole(inQueueBefore ?? 0)} a minute ago.`,
      'More arrive than are counted: add workers, or raise their concurrency.',
    ),
    ...is(
      ended >= FEW_ENDED && refusals / ended > MANY_REFUSED,
      'refused_share',
      'amber',
      `${Math.round((100 * refusals) / ended)} % of the orders of the last minute were refused.`,
      'Look at the reasons: a sender has changed what it sends, or INBOX_ENVELOPE or ORDER_ACCEPTS is not set for it.',
    ),
    ...is(
      (history?.bytes ?? 0) > MUCH_BACKLOG && now - (history?.archivedAt ?? 0) > MISSING_MS,
      'history_behind',
      'amber',
      `${whole(Math.round((history?.bytes ?? 0) / 1_000_000))} MB wait to become history.`,
      'See whether an archiver runs, and whether PostgreSQL answers it; orders count meanwhile.',
      history?.archivedAt,
    ),
    ...is(
      bridge.durabilityWarning !== undefined,
      'durability_lowered',
      'amber',
      'Jobs are less safe than was asked for.',
      bridge.durabilityWarning ?? '',
    ),
    ...is(
      gone.length > 0,
      'process_gone',
      'amber',
      `${amount(gone.length, 'process has', 'processes have')} gone without a word: ${gone.map(({ role }) => role).join(', ')}.`,
      workers.processes === 0
        ? 'No worker is left: start one.'
        : 'Look why it ended; others do its work meanwhile, and nothing is lost.',
      gone[0]?.seenAt,
    ),
  ];
}

/** What processes found out by themselves. */
const REPORTED: Record<string, { name: string; advice: string }> = {
  sqs: { name: 'bridge_unwell', advice: 'One bridge cannot ask SQS: look at its reason in /health.' },
  'queue paused': { name: 'queue_paused', advice: 'Resume it at /admin/queues once the reason is gone.' },
  totals: {
    name: 'total_room',
    advice:
      'What passes the room is not counted: begin a new installation in good time, see docs/operate.md.',
  },
  'redis memory': { name: 'redis_memory', advice: 'Raise maxmemory, or drop what is kept for too long.' },
  clock: {
    name: 'clock_wrong',
    advice: 'One of the two is wrong: timedatectl on both machines, and set it by NTP.',
  },
  'auto-repair': {
    name: 'auto_repair_stopped',
    advice:
      'Look at its last run at /desk, then remove it or declare it anew: order-pipeline failed auto list.',
  },
  history: {
    name: 'history_away',
    advice: 'Orders count meanwhile. Mend PostgreSQL, or DATABASE_URL: archiving goes on by itself.',
  },
  'history backlog': {
    name: 'history_backlog',
    advice: 'Nothing is lost. Mend PostgreSQL, or start an archiver: receiving goes on by itself.',
  },
  jobs: { name: 'jobs_unsafe', advice: 'Messages stay in the inbox until Redis takes jobs again.' },
};

function reported({ processes }: Snapshot): Condition[] {
  return processes
    .filter(({ gone }) => !gone)
    .flatMap(({ troubles }) =>
      troubles.map(({ what, reason, since }): Condition => {
        const { name, advice } = REPORTED[what] ?? {
          name: what.toLowerCase().replaceAll(/\W+/g, '_'),
          advice: 'See /health of the process.',
        };
        return { name, level: 'amber', sentence: `${capital(reason)}.`, advice, since: Date.parse(since) };
      }),
    );
}

function whyNothing({ bridge, workers, queue }: Snapshot, isInboxOnly: boolean): string {
  if (queue?.pausedSince !== undefined) return 'The queue is paused by hand: resume it at /admin/queues.';
  if (isInboxOnly) {
    if (bridge.processes === 0) return 'No bridge runs: start one, order-pipeline bridge.';
    if (bridge.pausedBy.length > 0) return `The bridge has paused receiving: ${bridge.pausedBy.join(', ')}.`;
    return 'The bridge receives nothing: look at its /health.';
  }
  if (workers.processes === 0) return 'No worker runs: start one, order-pipeline worker.';
  return 'Workers run and count nothing: look at their logs and at /health.';
}

/** Whether orders flow, in a sentence, and what waits for somebody. */
export function verdictOf(snapshot: Snapshot): Verdict {
  const conditions = conditionsOf(snapshot);
  const worst = conditions[0];
  const level = worst?.level ?? 'green';
  const { counted, failed } = snapshot;
  const first = worst?.level === 'red' ? worst.sentence : flowSentence(snapshot);
  const sentences = [first];
  if (worst?.level === 'red' && counted.newestAt !== undefined)
    sentences.push(`The newest was counted ${duration(snapshot.now - counted.newestAt)} ago.`);
  if (failed.orders > 0) sentences.push(waitSentence(snapshot));
  return { level, sentences, conditions };
}

function flowSentence(snapshot: Snapshot): string {
  const { counted, now, bridge, inbox, queue } = snapshot;
  const ago = counted.newestAt === undefined ? undefined : `${duration(now - counted.newestAt)} ago`;
  if (counted.perSecond > 0) return `Orders flow: ${rate(counted.perSecond)}/s, newest counted ${ago}.`;
  const waiting = (inbox?.visible ?? 0) + (queue?.waiting ?? 0) + (queue?.active ?? 0);
  const none =
    ago === undefined
      ? 'none has been counted yet'
      : `none was counted in the last ${RATE_SECONDS} s, the newest ${ago}`;
  if (bridge.perSecond > 0) return `Orders arrive, ${rate(bridge.perSecond)}/s, and ${none}.`;
  if (waiting > 0) return `${amount(waiting, 'order waits', 'orders wait')}, and ${none}.`;
  if (ago === undefined) return 'No order has been counted yet.';
  return `No orders arrive at the moment, newest counted ${ago}.`;
}

function waitSentence({ failed, currency, now }: Snapshot): string {
  const { orders, minorUnits, unknown, since } = failed;
  const money = orders === unknown ? '' : `, worth ${grouped(formatMinorUnits(minorUnits))} ${currency}`;
  const more = unknown > 0 && orders !== unknown ? ` and ${whole(unknown)} of unknown worth` : '';
  const from = since === null ? '' : `, since ${moment(Date.parse(since), now)}`;
  return `${amount(orders, 'order waits', 'orders wait')} for you${money}${more}${from}.`;
}

const ageOf = (now: number, at: number | undefined): number => (at === undefined ? 0 : (now - at) / 1_000);
const whole = (count: number): string => count.toLocaleString('en-US');
const amount = (count: number, one: string, many: string): string =>
  `${whole(count)} ${count === 1 ? one : many}`;
const grouped = (amountText: string): string => amountText.replace(/\B(?=(\d{3})+\.)/g, ',');
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '');
const rate = (perSecond: number): string =>
  perSecond < 10 ? perSecond.toFixed(1) : whole(Math.round(perSecond));

/** The time of a day that is today, its date as well before that; UTC. */
function moment(at: number, now: number): string {
  const [day = '', time = ''] = new Date(at).toISOString().split('T');
  const isToday = new Date(now).toISOString().startsWith(day);
  return `${isToday ? '' : `${day} `}${time.slice(0, 5)} UTC`;
}

function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}
