import * as z from 'zod';
import { REASONS } from '../../orders/invalidOrder.ts';

/* What the pulse answers. As in answers.ts, each shape is described once. */

const count = z.int().min(0);
const money = z.number().min(0);
const rate = z.number().min(0);
const time = z.iso.datetime();
const processes = count.meta({ description: 'How many of them run.' });
const reason = z.enum([...REASONS, 'fault']);

const condition = z.object({
  name: z.string().meta({ examples: ['nothing_counted'] }),
  level: z.enum(['amber', 'red']),
  sentence: z.string(),
  advice: z.string().meta({ description: 'What to do about it.' }),
  since: time.nullable(),
});

const status = z.object({
  level: z.enum(['green', 'amber', 'red']),
  sentences: z
    .array(z.string())
    .meta({ description: 'Whether orders flow and what waits, to be read at once.' }),
  conditions: z.array(condition).meta({ description: 'What is wrong, the worst first.' }),
});

const waiting = z.object({
  orders: count,
  value: money.meta({ description: 'What those orders say they are worth.' }),
  value_unknown: count.meta({ description: 'Orders whose worth cannot be told.' }),
});

export const pulse = z
  .object({
    at: time.meta({ description: 'By the clock of Redis.' }),
    currency: z.string(),
    status,
    counted: z.object({
      orders: count,
      revenue: money,
      users: count,
      average_order_value: money,
      per_second: rate,
      newest_at: time.nullable(),
    }),
    latency: z
      .object({ p50_ms: rate, p95_ms: rate, p99_ms: rate })
      .nullable()
      .meta({ description: 'Sent to counted, of the last minute, 9 % off at most.' }),
    inbox: z
      .object({
        state: z.enum(['seen', 'unknown', 'blind']),
        visible: count,
        in_flight: count,
        delayed: count,
        oldest_seconds: count.nullable(),
        dead_letters: count.nullable(),
        seen_at: time.nullable(),
      })
      .meta({ description: "SQS's own approximate counts, asked every ten seconds by one bridge." }),
    bridge: z.object({
      processes,
      per_second: rate,
      paused_by: z.array(z.string()),
      calls_per_1000_orders: rate.nullable(),
      dollars_per_million_orders: rate.nullable(),
    }),
    queue: z.object({
      waiting: count,
      active: count,
      delayed: count,
      oldest_seconds: rate.nullable(),
      paused_since: time.nullable(),
    }),
    workers: z.object({
      processes,
      concurrency: count,
      busy_share: rate.meta({ description: 'Of all that may be in hand, how much was.' }),
      retried_per_minute: count,
    }),
    failed: waiting
      .extend({ since: time.nullable(), by_reason: z.array(waiting.extend({ reason })) })
      .meta({ description: 'Orders that wait for an operator; one with several reasons stands under each.' }),
    history_backlog: z
      .object({ bytes: count, archived_at: time.nullable() })
      .nullable()
      .meta({ description: 'What counted and waits for PostgreSQL; null while no history is kept.' }),
    refused_per_minute: z.record(z.string(), count),
    processes: z.array(
      z.object({
        id: z.string(),
        role: z.string(),
        version: z.string(),
        node: z.string(),
        started_at: time,
        last_seen_at: time,
        gone: z.boolean().meta({ description: 'It ended without a word.' }),
      }),
    ),
    newest: z.object({
      counted: z.array(z.object({ order_id: z.string(), user_id: z.string(), value: money, at: time })),
      refused: z.array(
        z.object({
          job_id: z.string(),
          queue: z.string().meta({ description: "What its queue is called on the operators' board." }),
          partition: count,
          order_id: z.string(),
          user_id: z.string(),
          reason,
          at: time,
        }),
      ),
    }),
  })
  .meta({ description: 'What the installation does now.' });

const looked = count.nullable().meta({ description: 'The largest seen; null where nobody looked.' });

export const historyPoint = z.object({
  time: time.meta({ description: 'When the step begins.' }),
  received: count,
  counted: count,
  duplicate: count,
  refused: count,
  failed: count.meta({ description: 'Given up because of a fault that did not pass.' }),
  retried: count,
  revenue: money,
  latency_p50_ms: rate.nullable(),
  latency_p95_ms: rate.nullable(),
  latency_p99_ms: rate.nullable(),
  waiting: looked,
  delayed: looked,
  failed_waiting: looked,
  inbox_visible: looked,
  refused_by_reason: z.record(z.string(), count),
});

export const history = z
  .object({
    span: z.enum(['hour', 'day', 'month']),
    step_seconds: count,
    points: z.array(historyPoint),
  })
  .meta({ description: 'What went on, oldest first; the step under way is left out.' });

export const queueDepth = z
  .object({
    waiting: count,
    active: count,
    delayed: count,
    failed: count,
    oldest_age_seconds: rate.meta({
      description: 'Of the order that waits longest for a worker; 0 of none.',
    }),
  })
  .meta({ description: 'How much work there is, for autoscalers.' });
