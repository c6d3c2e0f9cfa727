import * as z from 'zod';
import { GRANULARITIES, SERIES_GRANULARITIES } from '../../stats/figures.ts';
import { PARAMETER_RULES } from '../transport/problem.ts';

/**
 * What the API answers, each shape described once: routes are held to it by their types, the API's document shows
 * it, and a test compares real answers with the document.
 */

const userId = z.string().meta({ description: 'The id as it is counted.', examples: ['U123'] });
const orders = z
  .int()
  .min(0)
  .meta({ description: 'Counted orders.', examples: [3] });
const money = z
  .number()
  .min(0)
  .meta({ description: 'Money with two decimals at most.', examples: [299.99] });
const timestamp = z.number().meta({ description: 'When this was answered, Unix time in seconds.' });

export const userStats = z
  .object({ user_id: userId, order_count: orders, total_spend: money })
  .meta({ description: 'What one user ordered.' });

const average_order_value = money.meta({
  description: 'Revenue by orders, rounded half up to the cent; 0 without orders.',
  examples: [99.99],
});

export const totals = z
  .object({ total_orders: orders, total_revenue: money, average_order_value })
  .meta({ description: 'What all users, or the one asked for, ordered.' });

export const spender = z.object({ user_id: userId, total_spend: money });
export const spenders = z.array(spender).meta({ description: 'Users by spend, the largest first.' });

export const buyer = z.object({ user_id: userId, order_count: orders });
export const buyers = z.array(buyer).meta({ description: 'Users by number of orders, the largest first.' });

export const usersPage = z
  .object({
    users: z.array(userStats),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'The `cursor` of the next page; null on the last one.' }),
  })
  .meta({ description: 'Users with orders in the range, the largest spend first.' });

export const point = z.object({
  period: z.string().meta({
    description:
      '`2026-01-31`, `2026-W05` as in ISO 8601, `2026-01`, `2026-Q1` or `2026`; of an hour when it begins, `2026-01-31T13:00Z`.',
    examples: ['2025-08'],
  }),
  orders: orders.nullable(),
  revenue: money.nullable(),
  average_order_value: average_order_value.nullable(),
});
export const series = z
  .object({
    granularity: z.enum(SERIES_GRANULARITIES),
    start_date: z.iso.date(),
    end_date: z.iso.date(),
    known_from: z.iso.datetime().nullable().optional().meta({
      description:
        'With `hour` alone: the first hour that is kept, null while there is none. Hours before it have nulls.',
    }),
    points: z.array(point),
  })
  .meta({
    description:
      'One point per period, in order of time; a period without orders has zeros. The first and the ' +
      'last point hold only what lies in the range.',
  });

const someUsers = z.int().min(0);
const usersPoint = z.object({
  period: z.string().meta({ description: 'As of a series.', examples: ['2025-08'] }),
  users: someUsers.meta({ description: 'Users with orders in the period.' }),
  new_users: someUsers
    .nullable()
    .meta({ description: 'Those whose first counted order lies in it; null before known_from.' }),
  returning_users: someUsers.nullable().meta({ description: 'The others; null before known_from.' }),
});
export const usersSeries = z
  .object({
    granularity: z.enum(GRANULARITIES),
    start_date: z.iso.date(),
    end_date: z.iso.date(),
    known_from: z.iso.date().nullable().meta({
      description:
        'The first day of which new users are known, 0001-01-01 for all; later where orders were counted before this was kept, null until one is counted since.',
    }),
    points: z.array(usersPoint),
  })
  .meta({ description: 'New and returning users, one point per period.' });

const change = z.number().meta({ description: 'The first less the second, two decimals at most.' });
const ratio = z
  .number()
  .min(0)
  .nullable()
  .meta({ description: 'The first by the second, four decimals; null when that is 0.', examples: [1.25] });
const ofTotals = <T extends z.ZodType>(each: T) =>
  z.object({ total_orders: each, total_revenue: each, average_order_value: each });
const rangeTotals = z.object({ start_date: z.iso.date(), end_date: z.iso.date(), ...totals.shape });
export const comparison = z
  .object({ range: rangeTotals, with: rangeTotals, difference: ofTotals(change), ratio: ofTotals(ratio) })
  .meta({ description: 'The totals of two ranges, and how the first differs from the second.' });

const place = (among: string) =>
  z
    .int()
    .min(1)
    .meta({ description: `Place among ${among}, 1 is the largest.`, examples: [4] });
export const rank = z
  .object({
    user_id: userId,
    spender_rank: place('spenders'),
    buyer_rank: place('buyers'),
    users: z
      .int()
      .min(1)
      .meta({ description: 'Users in all.', examples: [1200] }),
  })
  .meta({ description: 'Where one user stands.' });

export const metrics = z
  .object({
    total_orders: orders,
    total_revenue: money,
    unique_users: z.int().min(0),
    average_order_value,
    timestamp,
  })
  .meta({ description: 'Totals over everything counted.' });

export const health = z
  .looseObject({
    status: z.enum(['healthy', 'degraded', 'unhealthy']).meta({
      description: '`degraded`: works, and `troubles` says what somebody should look at. Answered with 200.',
    }),
    redis: z.enum(['connected', 'disconnected']),
    redis_latency_ms: z.number().nullable(),
    timestamp,
    troubles: z.array(
      z.object({
        what: z.string().meta({ examples: ['sqs'] }),
        since: z.iso.datetime(),
        reason: z.string().meta({ description: 'What is wrong and what to do about it.' }),
      }),
    ),
    versions: z
      .object({ product: z.string(), node: z.string(), redis: z.string().nullable() })
      .optional()
      .meta({ description: 'For those who may read the stats.' }),
    failed_orders: z
      .object({
        count: z.int().min(0),
        since: z.iso.datetime().nullable(),
        value: money.optional().meta({ description: 'What they say they are worth.' }),
        value_unknown: z.int().min(0).optional().meta({ description: 'Those whose worth cannot be told.' }),
      })
      .optional()
      .meta({
        description:
          'Orders that wait for an operator, and when the one failed that waits longest; their worth for those who ' +
          'may read the stats.',
      }),
    inbox: z
      .object({
        visible: z.int().min(0),
        in_flight: z.int().min(0),
        delayed: z.int().min(0),
        dead_letters: z.int().min(0).nullable(),
        oldest_seconds: z.int().min(0).nullable(),
        seen_at: z.iso.datetime(),
      })
      .optional()
      .meta({
        description:
          'What SQS said last of the inbox, by its own approximate counts, to the bridge that asked; the age is that of ' +
          'the messages received last. Every role tells it; not there until a bridge has looked.',
      }),
    backlog: z
      .object({
        waiting: z.int().min(0),
        active: z.int().min(0),
        delayed: z.int().min(0),
        oldest_since: z.iso.datetime().nullable(),
      })
      .optional()
      .meta({ description: 'Orders that wait for a worker, as seen two seconds ago at most.' }),
    last_counted: z.iso
      .datetime()
      .nullable()
      .optional()
      .meta({ description: 'When an order was counted last; for those who may read the stats.' }),
  })
  .meta({ description: 'Whether Redis answers; beside it, what this process does.' });

export const readiness = z
  .looseObject({
    status: z.enum(['ready', 'not_ready']),
    started: z.boolean().meta({ description: 'Whether everything of its role has started.' }),
    redis: z.enum(['connected', 'disconnected']),
  })
  .meta({ description: 'Whether to send this process traffic.' });

export const liveness = z
  .looseObject({ status: z.literal('alive') })
  .meta({ description: 'Whether to leave this process alone.' });

export const problem = z
  .object({
    type: z.string().meta({ description: 'Stable name of the kind; a path that explains it.' }),
    title: z.string().meta({ description: "The status in HTTP's words." }),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What is wrong with this request, in one sentence.' }),
    parameter: z.string().optional().meta({ description: 'The first wrong parameter.' }),
    errors: z
      .array(
        z.object({
          parameter: z.string(),
          rule: z.enum(PARAMETER_RULES).meta({ description: 'The rule it breaks, a stable name.' }),
          message: z.string(),
          received: z.string().optional().meta({ description: 'The value that came, clipped.' }),
        }),
      )
      .optional()
      .meta({ description: 'Every wrong parameter.' }),
    available_from: z.iso
      .date()
      .optional()
      .meta({ description: 'With `detail-gone`: the first day that is still kept by day.' }),
    size: z.int().optional().meta({ description: 'With `range-too-large`: how much was asked for.' }),
    limit: z.int().optional().meta({ description: 'With `range-too-large`: the most that is given.' }),
    issues: z
      .array(z.object({ reason: z.string(), path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'With `conflict` of an order that was to be queued: why it would fail again.' }),
  })
  .meta({ description: 'RFC 9457 problem details.' });

export const problemKind = z
  .object({ type: z.string(), statuses: z.array(z.int()), means: z.string() })
  .meta({ description: 'A kind of problem, explained.' });
export const problemKindList = z.array(problemKind);

export const openapi = z.looseObject({ openapi: z.string() }).meta({ description: 'An OpenAPI document.' });
