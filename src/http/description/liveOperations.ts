import * as z from 'zod';
import { SPANS, type Span } from '../../telemetry/read/history.ts';
import * as answers from './liveAnswers.ts';
import { operation } from './operation.ts';
import { csvFormat, noParameters, oneOf } from './parameters.ts';

const AT = '2026-05-01T10:00:00.000Z';
const COLUMNS = Object.keys(answers.historyPoint.shape).filter((name) => name !== 'refused_by_reason');

/** What goes on, for people on call and for pages: read from the pulse, which every process writes once a second. */
export const liveOperations = {
  pulse: operation({
    path: '/pulse',
    tag: 'Operation',
    summary: 'Whether orders flow, what waits, and what is wrong',
    description:
      'The whole installation at this second, by the clock of Redis. `/pulse/stream` sends the same as server-sent ' +
      'events, one a second, made once for all who look.',
    pathParameters: z.object({}),
    query: noParameters,
    answer: answers.pulse,
    example: {
      at: AT,
      currency: 'USD',
      status: { level: 'green', sentences: ['Orders flow: 84/s, newest counted 0 s ago.'], conditions: [] },
      counted: {
        orders: 1_200,
        revenue: 60_000.5,
        users: 90,
        average_order_value: 50,
        per_second: 84,
        newest_at: AT,
      },
      latency: { p50_ms: 20.7, p95_ms: 49.4, p99_ms: 98.7 },
      inbox: {
        state: 'seen',
        visible: 12,
        in_flight: 40,
        delayed: 0,
        oldest_seconds: 0,
        dead_letters: 0,
        seen_at: AT,
      },
      bridge: {
        processes: 1,
        per_second: 85,
        paused_by: [],
        calls_per_1000_orders: 201.4,
        dollars_per_million_orders: 0.081,
      },
      queue: { waiting: 3, active: 8, delayed: 0, oldest_seconds: 0.1, paused_since: null },
      workers: { processes: 1, concurrency: 50, busy_share: 0.12, retried_per_minute: 0 },
      failed: { orders: 0, value: 0, value_unknown: 0, since: null, by_reason: [] },
      history_backlog: { bytes: 0, archived_at: AT },
      refused_per_minute: {},
      processes: [],
      newest: { counted: [{ order_id: 'O1', user_id: 'U1', value: 50, at: AT }], refused: [] },
    },
    momentary: true,
    problems: ['total-out-of-range'],
  }),
  history: operation({
    path: '/pulse/history',
    tag: 'Operation',
    summary: 'What went on in the last hour, day or 30 days',
    description:
      'A point for every 10 seconds of an hour, 5 minutes of a day, hour of 30 days; by the time at which orders were ' +
      'counted, where the stats go by the time of the order. Depths are the largest seen, null where nobody looked.',
    pathParameters: z.object({}),
    query: z.strictObject({
      span: oneOf(Object.keys(SPANS) as [Span, ...Span[]])
        .default('hour')
        .meta({ description: 'How far back.', examples: ['hour'] }),
      format: csvFormat,
    }),
    answer: answers.history,
    example: {
      span: 'hour',
      step_seconds: 10,
      points: [
        {
          time: AT,
          received: 840,
          counted: 838,
          duplicate: 1,
          refused: 1,
          failed: 0,
          retried: 0,
          revenue: 41_900,
          latency_p50_ms: 20.7,
          latency_p95_ms: 49.4,
          latency_p99_ms: 98.7,
          waiting: 3,
          delayed: 0,
          failed_waiting: 1,
          inbox_visible: null,
          refused_by_reason: { missing_field: 1 },
        },
      ],
    },
    csv: { columns: COLUMNS, rows: ({ points }) => points.map(withoutNulls) },
  }),
};

/** For whoever scales workers: anybody may ask, as for /health. */
export const queueOperation = operation({
  path: '/queue',
  tag: 'Operation',
  summary: 'How much work waits for workers',
  description: 'As seen two seconds ago at most; for autoscalers.',
  pathParameters: z.object({}),
  query: noParameters,
  answer: answers.queueDepth,
  example: { waiting: 3, active: 8, delayed: 0, failed: 0, oldest_age_seconds: 0.1 },
  momentary: true,
  open: true,
  problems: ['redis-unavailable'],
});

const withoutNulls = (point: z.output<typeof answers.historyPoint>): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(point).map(([name, value]) => [name, typeof value === 'object' ? '' : value]),
  );
