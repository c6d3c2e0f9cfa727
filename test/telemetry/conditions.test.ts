import { describe, expect, it } from '@jest/globals';
import { verdictOf } from '../../src/telemetry/read/conditions.ts';
import type { Snapshot } from '../../src/telemetry/read/snapshot.ts';

const NOW = Date.parse('2026-11-26T10:00:00Z');
const ago = (seconds: number): number => NOW - seconds * 1_000;
const isoAgo = (seconds: number): string => new Date(ago(seconds)).toISOString();

type Changes = { [Part in keyof Snapshot]?: Partial<Snapshot[Part]> | undefined };

/** An installation through which orders flow, with what a row wants to differ. */
function snapshot(changes: Changes): Snapshot {
  const calm: Snapshot = {
    now: NOW,
    currency: 'USD',
    counted: { orders: 100, minorUnits: 100_000, users: 10, perSecond: 84.1, newestAt: ago(2) },
    latency: { p50: 10, p95: 20, p99: 30 },
    inbox: {
      state: 'seen',
      visible: 0,
      in_flight: 0,
      delayed: 0,
      dead_letters: 0,
      oldestSeconds: undefined,
      seenAt: ago(5),
    },
    bridge: {
      processes: 1,
      missingSince: undefined,
      perSecond: 84,
      pausedBy: [],
      callsPer1000: 200,
      dollarsPerMillion: 0.08,
      durabilityWarning: undefined,
    },
    queue: {
      waiting: 0,
      active: 0,
      delayed: 0,
      failed: 0,
      failedSince: undefined,
      failedMinorUnits: 0,
      failedUnknown: 0,
      oldestAt: undefined,
      pausedSince: undefined,
    },
    workers: {
      processes: 1,
      missingSince: undefined,
      concurrency: 50,
      busyShare: 0.1,
      retriedPerMinute: 0,
    },
    failed: { orders: 0, minorUnits: 0, unknown: 0, since: null, byReason: [] },
    ended: 5_000,
    refused: new Map(),
    before: { waiting: 0, delayed: 0, inbox: 0, ended: 800 },
    processes: [aProcess('all')],
    newest: { counted: [], refused: [] },
  };
  const changed = Object.entries(changes).map(([part, change]) => {
    const whole = calm[part as keyof Snapshot];
    const isMerged = change?.constructor === Object && whole?.constructor === Object;
    return [part, isMerged ? { ...(whole as object), ...(change as object) } : change];
  });
  return { ...calm, ...Object.fromEntries(changed) };
}

function aProcess(role: string, changes: Partial<Snapshot['processes'][number]> = {}) {
  const described = { id: role, role, version: '1.0.0', node: 'v24.0.0', started_at: isoAgo(3_600) };
  return { ...described, seenAt: ago(1), gone: false, troubles: [], ...changes };
}

const trouble = (what: string, reason: string) =>
  aProcess('all', { troubles: [{ what, reason, since: isoAgo(60) }] });

/** Nothing has ended for more than a minute, and nothing has counted for two. */
const STILL = {
  ended: 0,
  counted: { perSecond: 0, newestAt: ago(120) },
  bridge: { perSecond: 0 },
} satisfies Changes;

const NOT_ONE = { orders: 0, minorUnits: 0, users: 0, perSecond: 0, newestAt: undefined };

const FLOW = 'Orders flow: 84/s, newest counted 2 s ago.';
const ONE_WAITS = '1 order waits, and none was counted in the last 10 s, the newest 2 min ago.';
const QUIET = 'No orders arrive at the moment, newest counted 2 min ago.';

type Row = [title: string, changes: Changes, level: string, names: string[], sentences: string[]];

const rows: Row[] = [
  ['orders flow', {}, 'green', [], [FLOW]],
  [
    'a few flow',
    { counted: { perSecond: 0.3 } },
    'green',
    [],
    ['Orders flow: 0.3/s, newest counted 2 s ago.'],
  ],
  [
    'thousands flow',
    { counted: { perSecond: 12_345.6 } },
    'green',
    [],
    ['Orders flow: 12,346/s, newest counted 2 s ago.'],
  ],
  ['none was ever sent', { ...STILL, counted: NOT_ONE }, 'green', [], ['No order has been counted yet.']],
  ['none arrive', { ...STILL, before: { ended: 0 } }, 'green', [], [QUIET]],
  [
    'none arrived for days',
    { ...STILL, before: { ended: 0 }, counted: { perSecond: 0, newestAt: ago(3 * 86_400) } },
    'green',
    [],
    ['No orders arrive at the moment, newest counted 3 days ago.'],
  ],
  // nothing_counted
  [
    'one has waited for a worker for over a minute',
    { ...STILL, queue: { waiting: 1 }, before: { waiting: 1, ended: 0 } },
    'red',
    ['nothing_counted'],
    ['Nothing is counted while 1 order waits.', 'The newest was counted 2 min ago.'],
  ],
  [
    'many have waited in the inbox for over a minute',
    { ...STILL, inbox: { visible: 1_200 }, before: { inbox: 900, ended: 0 } },
    'red',
    ['nothing_counted'],
    ['Nothing is counted while 1,200 orders wait.', 'The newest was counted 2 min ago.'],
  ],
  [
    'the first ones of all have waited for over a minute',
    { ...STILL, counted: NOT_ONE, queue: { waiting: 2 }, before: { waiting: 2, ended: 0 } },
    'red',
    ['nothing_counted'],
    ['Nothing is counted while 2 orders wait.'],
  ],
  [
    'one is tried again and again',
    {
      ...STILL,
      workers: { retriedPerMinute: 3 },
      queue: { delayed: 1 },
      before: { delayed: 1, ended: 0 },
    },
    'red',
    ['nothing_counted'],
    ['Nothing is counted while 1 order waits.', 'The newest was counted 2 min ago.'],
  ],
  [
    'the first one of all has just come',
    { ...STILL, counted: NOT_ONE, queue: { waiting: 1 }, before: { ended: 0 } },
    'green',
    [],
    ['1 order waits, and none has been counted yet.'],
  ],
  [
    'one has just come after a quiet night',
    { ...STILL, inbox: { visible: 1 }, before: { ended: 0 } },
    'green',
    [],
    [ONE_WAITS],
  ],
  [
    'one comes a minute after another one',
    { ...STILL, queue: { waiting: 1 }, before: { waiting: 1, ended: 1 } },
    'green',
    [],
    [ONE_WAITS],
  ],
  [
    'one was put off by hand',
    { ...STILL, queue: { delayed: 1 }, before: { delayed: 1, ended: 0 } },
    'green',
    [],
    [QUIET],
  ],
  [
    'all that wait are refused in turn',
    { ended: 10, queue: { waiting: 5 }, before: { waiting: 5, ended: 0 }, counted: STILL.counted },
    'green',
    [],
    ['Orders arrive, 84/s, and none was counted in the last 10 s, the newest 2 min ago.'],
  ],
  [
    'the first that arrive are all refused',
    { ended: 10, counted: NOT_ONE },
    'green',
    [],
    ['Orders arrive, 84/s, and none has been counted yet.'],
  ],
  // no_bridge, no_worker
  [
    'no bridge has run for over a minute',
    { ...STILL, before: { ended: 0 }, bridge: { processes: 0, perSecond: 0, missingSince: ago(61) } },
    'red',
    ['no_bridge'],
    ['No bridge runs: what is sent stays in the inbox.', 'The newest was counted 2 min ago.'],
  ],
  [
    'no worker has run for over a minute, and nothing has come since',
    { ...STILL, before: { ended: 0 }, workers: { processes: 0, missingSince: ago(61) } },
    'red',
    ['no_worker'],
    ['No worker runs: what is received stays in the queue.', 'The newest was counted 2 min ago.'],
  ],
  [
    'both are being replaced',
    {
      bridge: { processes: 0, missingSince: ago(60) },
      workers: { processes: 0, missingSince: ago(60) },
    },
    'green',
    [],
    [FLOW],
  ],
  // bridge_blind, bridge_unwell
  [
    'no bridge can ask SQS',
    { inbox: { state: 'blind' } },
    'red',
    ['bridge_blind'],
    ['No bridge can ask SQS for messages.', 'The newest was counted 2 s ago.'],
  ],
  [
    'one of two bridges cannot',
    { processes: [trouble('sqs', 'the inbox does not exist')] },
    'amber',
    ['bridge_unwell'],
    [FLOW],
  ],
  ['no bridge has looked at the inbox', { inbox: undefined }, 'green', [], [FLOW]],
  // orders_wait
  [
    'one order waits for somebody',
    { failed: { orders: 1, minorUnits: 1_234, since: isoAgo(60) } },
    'amber',
    ['orders_wait'],
    [FLOW, '1 order waits for you, worth 12.34 USD, since 09:59 UTC.'],
  ],
  [
    'thousands wait since yesterday',
    { failed: { orders: 3_200, minorUnits: 80_000_000, unknown: 3, since: isoAgo(12 * 3_600) } },
    'amber',
    ['orders_wait'],
    [
      FLOW,
      '3,200 orders wait for you, worth 800,000.00 USD and 3 of unknown worth, since 2026-11-25 22:00 UTC.',
    ],
  ],
  [
    'two wait whose worth nobody knows',
    { failed: { orders: 2, unknown: 2 } },
    'amber',
    ['orders_wait'],
    [FLOW, '2 orders wait for you.'],
  ],
  [
    'a million waits',
    { currency: 'EUR', failed: { orders: 1_000_000, minorUnits: 123_456_789_01 } },
    'amber',
    ['orders_wait'],
    [FLOW, '1,000,000 orders wait for you, worth 123,456,789.01 EUR.'],
  ],
  // dead_letters
  ['one message was given up', { inbox: { dead_letters: 1 } }, 'amber', ['dead_letters'], [FLOW]],
  ['nobody may look for dead letters', { inbox: { dead_letters: null } }, 'green', [], [FLOW]],
  // oldest_message
  ['one is old in the queue', { queue: { oldestAt: ago(301) } }, 'amber', ['oldest_message'], [FLOW]],
  ['one is old in the inbox', { inbox: { oldestSeconds: 301 } }, 'amber', ['oldest_message'], [FLOW]],
  [
    'both are young enough',
    { queue: { oldestAt: ago(300) }, inbox: { oldestSeconds: 300 } },
    'green',
    [],
    [FLOW],
  ],
  // backlog_growing
  [
    'more come than are counted',
    { queue: { waiting: 1_600 }, before: { waiting: 1_000 } },
    'amber',
    ['backlog_growing'],
    [FLOW],
  ],
  [
    'as many wait as before, some for another attempt',
    { queue: { waiting: 10, delayed: 2_000 }, before: { waiting: 10, delayed: 2_000 } },
    'green',
    [],
    [FLOW],
  ],
  ['few wait', { queue: { waiting: 1_000 }, before: { waiting: 1 } }, 'green', [], [FLOW]],
  [
    'nobody looked a minute ago',
    { queue: { waiting: 9_000 }, before: { waiting: undefined } },
    'green',
    [],
    [FLOW],
  ],
  // refused_share
  [
    'a fifth and more is refused',
    {
      ended: 20,
      refused: new Map([
        ['wrong_type', 3],
        ['no_items', 2],
      ]),
    },
    'amber',
    ['refused_share'],
    [FLOW],
  ],
  ['a fifth is refused', { ended: 20, refused: new Map([['wrong_type', 4]]) }, 'green', [], [FLOW]],
  ['too few to tell', { ended: 19, refused: new Map([['wrong_type', 19]]) }, 'green', [], [FLOW]],
  // durability_lowered
  [
    'jobs are less safe',
    { bridge: { durabilityWarning: 'fsync was asked for' } },
    'amber',
    ['durability_lowered'],
    [FLOW],
  ],
  // process_gone
  [
    'a worker has gone',
    { processes: [aProcess('api'), aProcess('worker', { gone: true, seenAt: ago(16) })] },
    'amber',
    ['process_gone'],
    [FLOW],
  ],
  // What processes say of themselves.
  [
    'a queue is paused',
    { processes: [trouble('queue paused', 'orders are not worked on')] },
    'amber',
    ['queue_paused'],
    [FLOW],
  ],
  ['a total nears its room', { processes: [trouble('totals', 'so')] }, 'amber', ['total_room'], [FLOW]],
  ['Redis fills up', { processes: [trouble('redis memory', 'so')] }, 'amber', ['redis_memory'], [FLOW]],
  [
    'the clock of Redis is wrong, as two say',
    { processes: [trouble('clock', 'so'), trouble('clock', 'so')] },
    'amber',
    ['clock_wrong'],
    [FLOW],
  ],
  ['jobs cannot be made safe', { processes: [trouble('jobs', 'so')] }, 'amber', ['jobs_unsafe'], [FLOW]],
  ['something unheard of', { processes: [trouble('New thing', 'so')] }, 'amber', ['new_thing'], [FLOW]],
  [
    'all processes say the same',
    { processes: [trouble('totals', 'so'), trouble('totals', 'so')] },
    'amber',
    ['total_room'],
    [FLOW],
  ],
  [
    'one said so that has gone',
    { processes: [{ ...trouble('totals', 'so'), gone: true }] },
    'amber',
    ['process_gone'],
    [FLOW],
  ],
  [
    'a red one among others comes first',
    {
      inbox: { state: 'blind', dead_letters: 2 },
      failed: { orders: 1, minorUnits: 100 },
      processes: [trouble('queue paused', 'so')],
    },
    'red',
    ['bridge_blind', 'orders_wait', 'dead_letters', 'queue_paused'],
    [
      'No bridge can ask SQS for messages.',
      'The newest was counted 2 s ago.',
      '1 order waits for you, worth 1.00 USD.',
    ],
  ],
];

describe('the verdict when', () => {
  it.each(rows)('%s', (_title, changes, level, names, sentences) => {
    const verdict = verdictOf(snapshot(changes));
    expect(verdict.conditions.map(({ name }) => name)).toEqual(names);
    expect(verdict).toMatchObject({ level, sentences });
  });
});

describe('a condition says', () => {
  const only = (changes: Changes) => verdictOf(snapshot(changes)).conditions[0];
  const stuck = { ...STILL, before: { waiting: 1, inbox: 1, ended: 0 } };

  it.each<[string, Changes, string]>([
    ['by a pause', { queue: { waiting: 1, pausedSince: ago(60) } }, 'paused by hand'],
    ['for want of a worker', { queue: { waiting: 1 }, workers: { processes: 0 } }, 'No worker runs'],
    ['though workers run', { queue: { waiting: 1 } }, 'Workers run and count nothing'],
    ['for want of a bridge', { inbox: { visible: 1 }, bridge: { processes: 0 } }, 'No bridge runs'],
    [
      'by a bridge that waits',
      { inbox: { visible: 1 }, bridge: { pausedBy: ['backlog'] } },
      'paused receiving: backlog',
    ],
    ['by a bridge that does nothing', { inbox: { visible: 1 } }, 'The bridge receives nothing'],
    [
      'by a bridge, whatever was put off by hand',
      { inbox: { visible: 1 }, queue: { delayed: 1 } },
      'The bridge receives nothing',
    ],
  ])('why nothing is counted: %s', (_title, changes, advice) => {
    expect(only({ ...stuck, ...changes })?.advice).toContain(advice);
  });

  it.each<[string, Changes]>([
    ['1 message lies in the dead-letter queue.', { inbox: { dead_letters: 1 } }],
    ['2 messages lie in the dead-letter queue.', { inbox: { dead_letters: 2 } }],
    ['The oldest order has waited for 60 min.', { inbox: { oldestSeconds: 3_600 } }],
    ['The oldest order has waited for 24 h.', { inbox: { oldestSeconds: 86_400 } }],
    ['The oldest order has waited for 2 days.', { inbox: { oldestSeconds: 172_800 } }],
    [
      '2,500 orders wait in the queue, 1,000 a minute ago.',
      { queue: { waiting: 2_500 }, before: { waiting: 1_000 } },
    ],
    [
      '25 % of the orders of the last minute were refused.',
      { ended: 100, refused: new Map([['wrong_type', 25]]) },
    ],
    ['1 process has gone without a word: worker.', { processes: [aProcess('worker', { gone: true })] }],
    [
      '2 processes have gone without a word: api, bridge.',
      { processes: [aProcess('api', { gone: true }), aProcess('bridge', { gone: true })] },
    ],
    ['It is full.', { processes: [trouble('totals', 'it is full.')] }],
  ])('%s', (sentence, changes) => {
    expect(only(changes)?.sentence).toBe(sentence);
  });
});
