import * as z from 'zod';
import { recipe as recipeSchema } from '../../desk/recipes/recipe.ts';
import { REASONS } from '../../orders/invalidOrder.ts';

/* What the desk is asked and answers. As in answers.ts, each shape is described once. */

const count = z.int().min(0);
const money = z.number().min(0);
const time = z.iso.datetime();
const reason = z.enum([...REASONS, 'fault']);
const text = z.string();
const name = z.string().max(200);

export const recipe = recipeSchema;

export const failedFilter = z
  .strictObject({
    cause: name.optional().meta({ description: 'Id of a cause.' }),
    reason: reason.optional(),
    text: name
      .optional()
      .meta({ description: 'Somewhere in the order or its ids; case of A to Z does not matter.' }),
    jobs: z
      .array(name)
      .min(1)
      .max(1_000)
      .optional()
      .meta({ description: 'These jobs, whatever else is said.' }),
  })
  .meta({ description: 'Which failed orders are meant; without a condition all.' });

const because = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .meta({ description: 'Why, for the audit log and the receipt.' });
const speed = {
  rate: z.int().min(1).max(100_000).optional().meta({ description: 'Orders a second at most.' }),
  stop_percent: z
    .number()
    .min(0)
    .max(100)
    .default(20)
    .meta({ description: 'It stops when more have failed again.' }),
};

export const searchRequest = z.strictObject({
  where: failedFilter.default({}),
  limit: z.int().min(1).max(1_000).default(50),
  cursor: z.string().max(1_000).optional(),
});
export const proposalRequest = z.strictObject({ where: failedFilter.default({}) });
export const tryRequest = z.strictObject({ where: failedFilter.default({}), recipe: recipe.optional() });
export const repairRequest = z.strictObject({ where: failedFilter.default({}), recipe, because, ...speed });
export const retryRequest = z.strictObject({ where: failedFilter.default({}), because, ...speed });
export const asideRequest = z.strictObject({ where: failedFilter.default({}), because });
export const restoreRequest = z.strictObject({ jobs: failedFilter.shape.jobs, because });
export const deleteRequest = z.strictObject({
  where: failedFilter.default({}),
  aside: z
    .boolean()
    .default(false)
    .meta({ description: 'Of those set aside; then only `jobs` of `where` counts.' }),
  count: count.meta({ description: 'As typed: with another number nothing is deleted.' }),
  because,
});
export const noRequest = z.strictObject({});

export const group = z.object({
  cause: text.meta({ description: 'Id of the cause.', examples: ['3f2a9c01de'] }),
  reason,
  path: text.meta({ description: 'Where, with `[*]` for positions.' }),
  shape: text.meta({ description: 'What stood there: a run of digits is 9, one of letters a.' }),
  orders: count,
  users: count,
  money,
  of_unknown_value: count,
  first_seen: time,
  last_seen: time,
});
export const failedGroups = z
  .object({ orders: count, money, of_unknown_value: count, since: time.nullable(), groups: z.array(group) })
  .meta({
    description: 'Causes, largest money first. An order of several stands under each, and once in the total.',
  });

const issue = z.object({ reason, path: text });
const failedRow = z.object({
  job: text,
  partition: count,
  order_id: text,
  user_id: text,
  money: money.nullable(),
  issues: z.array(issue),
  causes: z.array(text),
  attempts: count,
  first_failed_at: time,
  last_failed_at: time,
});
export const failedOrders = z.object({ orders: z.array(failedRow), next_cursor: text.nullable() });
export const failedExport = z.object({ orders: z.array(failedRow) });

const fault = z.object({ reason: text, path: text, why: text });
const ledger = z.enum(['absent', 'same', 'other']);
const author = z.object({
  kind: z.enum(['user', 'key', 'command', 'open']),
  name: text.optional(),
  address: text.optional(),
});
export const failedOrder = z.object({
  job: text,
  partition: count,
  state: z.enum(['failed', 'aside', 'completed', 'waiting', 'ended']),
  failed_reason: text.nullable(),
  data: z.unknown(),
  now: z.object({ fault: fault.nullable(), ledger: ledger.nullable(), money: money.nullable() }).nullable(),
  original: z.unknown(),
  edits: z.array(z.unknown()),
  outcome: z.unknown(),
  aside: z.unknown(),
});

export const recipeProposal = z.object({
  proposal: z.object({ recipe, passes: count, of: count }).nullable(),
});

const change = z.object({ path: text, before: text.nullable(), after: text.nullable() });
const counts = z.object({ orders: count, money });
export const trial = z.object({
  orders: count,
  money,
  of_unknown_value: count,
  would_count: counts,
  duplicates: counts,
  still_fail: z.object({
    orders: count,
    reasons: z.array(z.object({ reason: text, path: text, orders: count, example: text })),
  }),
  diffs: z.array(
    z.object({
      job: text,
      partition: count,
      order_id: text,
      user_id: text,
      changes: z.array(change).meta({ description: 'Values as JSON text.' }),
      outcome: z.enum(['would count', 'duplicate', 'still fails']),
    }),
  ),
});

export const repairRun = z.object({
  run: text,
  state: z.enum(['preparing', 'running', 'paused', 'stopped', 'cancelled', 'done']),
  why: text.nullable(),
  who: author,
  at: time,
  ended_at: time.nullable(),
  because: text,
  where: failedFilter,
  recipe: recipe.nullable(),
  rate: count.nullable(),
  stop_percent: z.number(),
  orders: count,
  counts: z.object({
    todo: count,
    sent: count,
    under_way: count,
    ended: count,
    failed_again: count,
    left: count.meta({ description: 'Left alone: they would fail again.' }),
    gone: count.meta({ description: 'Somebody else was there first.' }),
  }),
});
export const repairRuns = z.object({ runs: z.array(repairRun) });

const state = z.enum(['counted', 'duplicate', 'failed again', 'under way', 'left', 'gone']);
export const repairReceipt = z.object({
  run: repairRun,
  money: z.object({ before: money, repaired: money, elsewhere: money, after: money }).meta({
    description:
      'In the ledger: after = before + repaired + elsewhere. `elsewhere` is what somebody else sent meanwhile, and what ' +
      'the run sent where a crash kept the answer from being heard.',
  }),
  states: z.object({
    counted: count,
    duplicate: count,
    failed_again: count,
    under_way: count,
    left: count,
    gone: count,
  }),
  orders: z.array(
    z.object({
      job: text,
      partition: count,
      order_id: text,
      user_id: text,
      state,
      at: time,
      stated: money.nullable(),
      money: money.nullable(),
      ledger_before: ledger.nullable(),
      ledger_now: ledger.nullable(),
      before: text,
      after: text.nullable(),
      changes: z.array(change),
      changed: count,
      fault: fault.nullable(),
    }),
  ),
});

export const movedOrders = z.object({ orders: count, gone: count });
export const ordersAside = z.object({
  orders: count,
  rows: z.array(
    z.object({
      job: text,
      partition: count,
      order_id: text,
      user_id: text,
      money: money.nullable(),
      failed_reason: text,
      at: text,
      by: author,
      because: text,
    }),
  ),
});
