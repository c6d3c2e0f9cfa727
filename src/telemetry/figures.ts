import { REASONS, type Reason } from '../orders/invalidOrder.ts';
import type { Trouble } from '../runtime/troubles.ts';

/* The words of telemetry, without behaviour: who writes, reads or shows them shares no more. */

/**
 * What a process adds up. Their places in this list are what Redis keeps: new ones go to the end. Money is minor units;
 * `refused_value` is what refused orders say they are worth, where they say it. Of counted orders, `flagged` are those
 * with a finding, `flagged_lost` those whose findings reached nobody; `lines_warm` had a baseline to be held against.
 */
export const COUNTERS = [
  'received',
  'redelivered',
  'enqueued',
  'sqs_calls',
  'sqs_failed_calls',
  'counted',
  'duplicate',
  'moved',
  'retried',
  'failed',
  'revenue',
  'refused_value',
  'busy_ms',
  ...REASONS.map((reason) => `refused:${reason}` as const),
  'reviewed',
  'flagged',
  'flagged_lost',
  'lines_reviewed',
  'lines_warm',
] as const;

export type Counter = (typeof COUNTERS)[number];

export const refusedFor = (reason: Reason): Counter => `refused:${reason}`;

/** What a process looks at and cannot add up; a bucket keeps the largest. */
export const GAUGES = ['waiting', 'active', 'delayed', 'failed_waiting', 'inbox_visible', 'lag_ms'] as const;

export type Gauge = (typeof GAUGES)[number];

/** The newest orders that counted: ids and what they are worth, nothing else of them. */
export interface NewestCounted {
  order_id: string;
  user_id: string;
  minorUnits: number;
  /** ISO, UTC. */
  at: string;
}

export interface NewestRefused {
  job_id: string;
  partition: number;
  order_id: string;
  user_id: string;
  reason: Reason;
  at: string;
}

/** What a bridge knows of its inbox, by SQS's own approximate counts. */
export interface InboxDepth {
  visible: number;
  in_flight: number;
  delayed: number;
  /** Null where there is no dead-letter queue, or it may not be looked at. */
  dead_letters: number | null;
}

/** How a process describes itself with every beat. */
export interface ProcessState {
  role: string;
  version: string;
  node: string;
  /** By Redis's clock once it is known, ISO, UTC. */
  started_at: string;
  troubles: readonly Trouble[];
  /** Of a worker: orders in hand at once. */
  concurrency?: number;
  /** Of a bridge. */
  paused_by?: readonly string[];
  dollars_per_million_calls?: number;
  /** Why jobs are less safe than was asked for. */
  durability_warning?: string;
  inbox?: SeenInbox;
}

export interface SeenInbox extends InboxDepth {
  /** How long the messages had waited that this bridge received last; null where none is visible. */
  oldest_seconds: number | null;
  /** By Redis's clock, ISO, UTC. */
  seen_at: string;
}

/** What somebody must do, or no order gets any further. */
export type Stage = 'bridge' | 'worker';

/** What a process does of it, whatever its role is called: one whose start is not over does nothing yet. */
export function stagesOf({
  paused_by,
  concurrency,
}: Pick<ProcessState, 'paused_by' | 'concurrency'>): Stage[] {
  return [
    ...(paused_by === undefined ? [] : ['bridge' as const]),
    ...(concurrency === undefined ? [] : ['worker' as const]),
  ];
}
