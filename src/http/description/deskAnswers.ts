import * as z from 'zod';
import { recipeName, recipeReference, recipe as recipeSchema } from '../../desk/recipes/recipe.ts';
import { REASONS } from '../../orders/invalidOrder.ts';
import { LARGEST_BODY } from '../transport/requestLimits.ts';
import { issue as issueAt, orderStory } from './storyAnswers.ts';

/* What the desk is asked and answers. As in answers.ts, each shape is described once. */

const count = z.int().min(0);
const money = z.number().min(0);
const currency = z.string().meta({ description: 'Of all money in the answer.', examples: ['USD'] });
const time = z.iso.datetime();
const reason = z.enum([...REASONS, 'fault']);
const text = z.string();
const name = z.string().max(200);

export const recipe = recipeSchema;

/** A condition that a script left empty is no condition: it must not mean all. */
const condition = name.min(1).refine((text) => text.trim() !== '', 'must say something');

export const failedFilter = z
  .strictObject({
    cause: condition.optional().meta({ description: 'Id of a cause.' }),
    reason: reason.optional(),
    id: condition.optional().meta({
      description:
        'Its order id, user id or message id, whole: found at once. The first two are spelled as ids are counted, in either case.',
    }),
    text: condition
      .optional()
      .meta({ description: 'Somewhere in the order or its ids; case of A to Z does not matter.' }),
    jobs: z
      .array(condition)
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
export const exportRequest = z.strictObject({
  where: failedFilter.default({}),
  format: z.enum(['csv', 'jsonl']).default('csv').meta({ description: 'What kind of file.' }),
});
export const proposalRequest = z.strictObject({ where: failedFilter.default({}) });
const chosen = { recipe: recipe.optional(), recipe_name: recipeReference.optional() };
type Chosen = { recipe?: unknown; recipe_name?: unknown };
const given = ({ recipe: one, recipe_name: other }: Chosen) => [one, other].filter(Boolean).length;
export const tryRequest = z
  .strictObject({ where: failedFilter.default({}), ...chosen })
  .refine((each) => given(each) <= 1, { path: ['recipe'], message: 'is given, and recipe_name as well' });
export const repairRequest = z
  .strictObject({ where: failedFilter.default({}), ...chosen, because, ...speed })
  .refine((each) => given(each) === 1, {
    path: ['recipe'],
    message: 'must be given, or recipe_name in its place',
  })
  .meta({ description: 'With `recipe` or `recipe_name`.' });
export const saveRequest = z.strictObject({ name: recipeName, recipe, because });
export const removeRequest = z.strictObject({ name: recipeName, because });
export const retryRequest = z.strictObject({ where: failedFilter.default({}), because, ...speed });
const orders = z
  .enum(['new', 'all'])
  .default('new')
  .meta({ description: 'Those that fail first after this, or all that have failed for the cause as well.' });
const budget = {
  per_hour: z.int().min(1).max(10_000).default(100).meta({ description: 'Orders it may send in any hour.' }),
  per_day: z.int().min(1).max(100_000).default(1_000),
  money_per_day: z.number().positive().max(1_000_000_000).optional().meta({
    description: 'What the orders of a day may say they are worth; with it, those that say nothing are left.',
  }),
};
export const autoRequest = z.strictObject({
  cause: name,
  recipe_name: recipeReference,
  because,
  orders,
  ...budget,
});
export const autoRemoveRequest = z.strictObject({ cause: name, because });
export const holdRequest = z.strictObject({ because });
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

const author = z.object({
  kind: z.enum(['user', 'key', 'command', 'open', 'auto']),
  name: text.optional(),
  address: text.optional(),
});
const hold = z
  .object({
    by: author,
    at: time,
    because: text,
    over: z.boolean().meta({ description: 'More orders have failed for it since: it is in the list again.' }),
  })
  .nullable()
  .meta({ description: 'Who held the cause last, and why.' });
export const causeHeld = z.object({ cause: text, hold });

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
  new: z.boolean().meta({ description: 'First seen today, UTC, by the clock of Redis.' }),
  trend: z.array(count).length(48).meta({
    description:
      'Of its orders, how many failed first in each of the last 48 hours, UTC; the hour under way last.',
  }),
  hold,
});
export const failedGroups = z
  .object({
    orders: count,
    money,
    of_unknown_value: count,
    currency,
    since: time.nullable(),
    held: count.meta({ description: 'Causes on hold.' }),
    groups: z.array(group),
  })
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
export const failedOrders = z.object({
  currency,
  orders: z.array(failedRow),
  next_cursor: text
    .nullable()
    .meta({ description: 'Goes on from there; null when all that match were told.' }),
  looked_back_to: time.nullable().meta({
    description:
      'A search answers after some 150 ms with what it has found by then, so a page may be short or empty and yet not the ' +
      'last one: it was looked through back to this time of first failing. null when to the end.',
  }),
});

const fault = z.object({ reason: text, path: text, why: text });
const ledger = z.enum(['absent', 'same', 'other']);
const standing = {
  outcome: z.enum(['would count', 'duplicate', 'still fails']),
  issues: z.array(issueAt).meta({ description: 'The first 100 that are wrong with it, each at its place.' }),
  wrong: count.meta({ description: 'How many that are in all.' }),
  ledger: ledger
    .nullable()
    .meta({ description: 'What the ledger says of its name; null while the rules refuse it.' }),
  money: money.nullable().meta({ description: 'What it counts for; null while the rules refuse it.' }),
};

const orderAsText = z
  .string()
  .max(LARGEST_BODY)
  .meta({ description: 'The order, as JSON text in which numbers have all their digits.' });
export const checkRequest = z.strictObject({ text: orderAsText });
export const checkedOrder = z.object({
  ...standing,
  currency,
  unsaved: text.nullable().meta({ description: 'Why it cannot be stored at all; null when it can.' }),
});
export const editRequest = z.strictObject({
  text: orderAsText,
  revision: count.meta({ description: 'What the order said when it was looked at.' }),
  queue: z
    .boolean()
    .default(false)
    .meta({ description: 'Give it to the workers as well; refused when it would fail again.' }),
  because,
});
export const editedOrder = z.object({
  job: text,
  queued: z.boolean(),
  revision: count,
  ...standing,
  currency,
});

export const failedOrder = z.object({
  job: text,
  partition: count,
  currency,
  state: z.enum(['failed', 'aside', 'completed', 'waiting', 'ended']),
  failed_reason: text.nullable(),
  data: z.unknown(),
  now: z.object({ fault: fault.nullable(), ...standing }).nullable(),
  text: text
    .nullable()
    .meta({ description: 'The order as JSON text to be edited; null when it has not failed.' }),
  revision: count.nullable().meta({ description: 'How often it was edited; an edit names it.' }),
  original: z.unknown(),
  edits: z.array(z.unknown()),
  outcome: z.unknown(),
  aside: z.unknown(),
  story: orderStory,
});

const feature = z.object({
  name: z.enum(['order_id_prefix', 'order_id_shape', 'payment_method', 'product_id', 'hour', 'currency']),
  value: text,
  orders: count,
  of: count,
});
export const recipeProposal = z.object({
  features: z.array(feature).meta({
    description: 'What more than half share of the up to 50 looked at: the first and the last to fail.',
  }),
  proposal: z.object({ recipe, passes: count, of: count }).nullable(),
});

const change = z.object({ path: text, before: text.nullable(), after: text.nullable() });
const counts = z.object({ orders: count, money });
export const trial = z.object({
  recipe_name: text.nullable().meta({ description: 'What it is saved as, with its version.' }),
  orders: count,
  money,
  of_unknown_value: count,
  currency,
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
  recipe_name: text.nullable().meta({ description: 'What it was saved as, with its version.' }),
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
  currency,
  run: repairRun,
  money: z.object({ before: money, repaired: money, elsewhere: money, after: money }).meta({
    description:
      'In the ledger: after = before + repaired + elsewhere, which is what somebody else sent meanwhile.',
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

export const savedRecipe = z.object({
  name: text,
  version: count,
  recipe,
  by: author,
  at: time,
  because: text,
});
export const savedRecipes = z.object({ recipes: z.array(savedRecipe) });
export const removedRecipe = z.object({ name: text });

export const movedOrders = z.object({ orders: count, gone: count });
export const ordersAside = z.object({
  currency,
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

const autoRepair = z.object({
  cause: text.meta({ description: 'Id of the cause that it stands for.' }),
  reason,
  path: text,
  shape: text,
  recipe_name: text.meta({ description: 'Name and version of the saved recipe.' }),
  by: author,
  at: time,
  because: text,
  orders: z.enum(['new', 'all']),
  per_hour: count,
  per_day: count,
  money_per_day: money.nullable(),
  state: z.enum(['standing', 'stopped']),
  why: text.nullable().meta({ description: 'Why it stopped by itself.' }),
  stopped_at: time.nullable(),
  tried: count,
  counted: count,
  sent_last_hour: count,
  sent_last_day: count,
  run: text.nullable().meta({ description: 'The run of its that is under way.' }),
});
export const autoRepairDeclared = autoRepair;
export const autoRepairs = z.object({ currency, auto_repairs: z.array(autoRepair) });
export const autoRepairRemoved = z.object({ cause: text });
