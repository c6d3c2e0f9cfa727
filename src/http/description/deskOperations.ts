import * as z from 'zod';
import { auditOperations } from './auditOperations.ts';
import { autoOperations } from './autoOperations.ts';
import * as answers from './deskAnswers.ts';
import { letterOperations } from './letterOperations.ts';
import { fileAnswer, NO_FILE, operation } from './operation.ts';
import { cause, limit, noParameters, oneOf } from './parameters.ts';
import { EXAMPLE_STORY, storyOperations } from './storyOperations.ts';

const AT = '2026-05-01T10:00:00.000Z';
const RUN = '6f1c1f0e-3d0c-4a55-9a3e-0a3d9c1b2f44';
const CURRENCY = 'USD';
const RECIPE = {
  version: 1 as const,
  steps: [{ do: 'decimal_comma' as const, at: 'items[*].price_per_unit' }],
};
const CHANGE = { path: 'items[0].price_per_unit', before: '"12,50"', after: '"12.50"' };
const FAILED = {
  job: '0a3d9c1b-2f44-4a55-9a3e-6f1c1f0e3d0c',
  partition: 0,
  order_id: 'ORD1',
  user_id: 'U123',
  money: 12.5,
  issues: [{ reason: 'wrong_type' as const, path: 'items[0].price_per_unit' }],
  causes: ['3f2a9c01de'],
  attempts: 1,
  first_failed_at: AT,
  last_failed_at: AT,
};
const COUNTS = { todo: 0, sent: 2, under_way: 0, ended: 2, failed_again: 0, left: 0, gone: 0 };
const EXAMPLE_RUN = {
  run: RUN,
  state: 'done' as const,
  why: null,
  who: { kind: 'user' as const, name: 'anna', address: '192.0.2.7' },
  at: AT,
  ended_at: AT,
  because: 'ticket 7',
  where: { cause: '3f2a9c01de' },
  recipe: RECIPE,
  recipe_name: 'comma@2',
  rate: null,
  stop_percent: 20,
  orders: 2,
  counts: COUNTS,
};
const SAVED = {
  name: 'comma',
  version: 2,
  recipe: RECIPE,
  by: EXAMPLE_RUN.who,
  at: AT,
  because: 'the shop does it every month',
};
const FAILING = {
  outcome: 'still fails' as const,
  issues: [{ reason: 'missing_field' as const, path: 'user_id', message: 'user_id is required' }],
  wrong: 1,
  ledger: null,
  money: null,
};
const PASSING = {
  outcome: 'would count' as const,
  issues: [],
  wrong: 0,
  ledger: 'absent' as const,
  money: 12.5,
};
const MOVED = { orders: 2, gone: 0 };

const id = (description: string, example: string) =>
  z
    .string()
    .max(200)
    .meta({ description, examples: [example] });
const common = { tag: 'Desk' as const, momentary: true as const, operators: true as const };
const get = { ...common, pathParameters: z.object({}), query: noParameters };
const post = { ...get, method: 'post' as const };

/** The desk: what has failed and why, and what is done about it. Everything that changes something is audited. */
export const deskOperations = {
  failedGroups: operation({
    ...get,
    path: '/desk/api/groups',
    summary: 'Why orders fail, by cause',
    query: z.strictObject({
      held: oneOf(['without', 'only', 'all'])
        .default('without')
        .meta({ description: 'Causes on hold: left out, alone, or with the others.', examples: ['all'] }),
    }),
    answer: answers.failedGroups,
    example: {
      orders: 2,
      money: 25,
      of_unknown_value: 0,
      currency: CURRENCY,
      since: AT,
      held: 0,
      groups: [
        {
          cause: '3f2a9c01de',
          reason: 'wrong_type',
          path: 'items[*].price_per_unit',
          shape: '9,9',
          orders: 2,
          users: 1,
          money: 25,
          of_unknown_value: 0,
          first_seen: AT,
          last_seen: AT,
          new: true,
          trend: [...Array<number>(47).fill(0), 2],
          hold: null,
        },
      ],
    },
  }),
  controlCause: operation({
    ...post,
    path: '/desk/api/groups/{cause}/{action}',
    summary: 'Hold a cause, or release it',
    description:
      'Held, it is out of the list until an order fails for it that is new. Its orders stay as they are: a retry, a run and a search still find them.',
    pathParameters: z.object({
      cause,
      action: oneOf(['hold', 'release']).meta({ description: 'What is to be done.', examples: ['hold'] }),
    }),
    body: answers.holdRequest,
    answer: answers.causeHeld,
    example: {
      cause: '3f2a9c01de',
      hold: { by: EXAMPLE_RUN.who, at: AT, because: 'the shop mends it by Friday', over: false },
    },
    problems: ['not-found', 'conflict'],
  }),
  failedSearch: operation({
    ...post,
    asks: true,
    path: '/desk/api/search',
    summary: 'Failed orders that match, the one that failed first first',
    body: answers.searchRequest,
    answer: answers.failedOrders,
    example: { currency: CURRENCY, orders: [FAILED], next_cursor: null },
    problems: ['not-found'],
  }),
  failedExport: operation({
    ...post,
    asks: true,
    path: '/desk/api/export',
    summary: 'All failed orders that match as a file, with their reasons',
    description:
      'As long as there are orders: it is sent as it is read. `csv`: job, order_id, user_id, money, reasons, first_failed_at ' +
      'and last_failed_at. `jsonl`: on each line what a search says of an order.',
    body: answers.exportRequest,
    answer: fileAnswer,
    example: NO_FILE,
    files: ['text/csv', 'application/x-ndjson'],
  }),
  failedOrder: operation({
    ...get,
    path: '/desk/api/orders/{job}',
    summary: 'One order: its data, how it stands, what it was',
    pathParameters: z.object({ job: id('Id of its job, which is that of its message.', FAILED.job) }),
    answer: answers.failedOrder,
    example: {
      job: FAILED.job,
      partition: 0,
      currency: CURRENCY,
      state: 'failed',
      failed_reason: 'missing_field: user_id is required',
      data: { order: { order_id: 'ORD1' } },
      now: { fault: { reason: 'missing_field', path: 'user_id', why: 'user_id is required' }, ...FAILING },
      text: '{\n  "order_id": "ORD1"\n}',
      revision: 0,
      original: null,
      edits: [],
      outcome: null,
      aside: null,
      story: EXAMPLE_STORY,
    },
    problems: ['not-found'],
  }),
  checkOrder: operation({
    ...post,
    asks: true,
    holdsOrder: true,
    path: '/desk/api/orders/{job}/check',
    summary: 'What would become of an order if it were as it is written; nothing is written',
    description: 'By the rules and the ledger as they are now: what to ask while somebody types.',
    pathParameters: z.object({ job: id('Id of its job, which is that of its message.', FAILED.job) }),
    body: answers.checkRequest,
    answer: answers.checkedOrder,
    example: { ...FAILING, currency: CURRENCY, unsaved: null },
    problems: ['not-found'],
  }),
  editOrder: operation({
    ...post,
    holdsOrder: true,
    path: '/desk/api/orders/{job}/edit',
    summary: 'Replace a failed order, and queue it when that is asked for',
    description:
      'The original is kept. Without `queue` it is saved whatever is still wrong, and stays failed. With it, it is saved and ' +
      'given to the workers in one step, or refused with `issues` when it would fail again. An order that was edited since ' +
      'it was looked at (`revision`) is refused.',
    pathParameters: z.object({ job: id('Id of its job, which is that of its message.', FAILED.job) }),
    body: answers.editRequest,
    answer: answers.editedOrder,
    example: { job: FAILED.job, queued: true, revision: 1, ...PASSING, currency: CURRENCY },
    problems: ['not-found', 'conflict'],
  }),
  proposeRecipe: operation({
    ...post,
    asks: true,
    path: '/desk/api/proposal',
    summary: 'The recipe that makes the orders pass, where one is known, and what they have in common',
    body: answers.proposalRequest,
    answer: answers.recipeProposal,
    example: {
      features: [{ name: 'payment_method', value: 'CreditCard', orders: 2, of: 2 }],
      proposal: { recipe: RECIPE, passes: 2, of: 2 },
    },
  }),
  tryRecipe: operation({
    ...post,
    asks: true,
    path: '/desk/api/try',
    summary: 'What a recipe would do to every order that matches; nothing is written',
    description:
      'By the rules and the ledger as they are now. Without a recipe: what would become of the orders as they are.',
    body: answers.tryRequest,
    answer: answers.trial,
    problems: ['not-found', 'conflict'],
    example: {
      recipe_name: null,
      orders: 2,
      money: 25,
      of_unknown_value: 0,
      currency: CURRENCY,
      would_count: { orders: 2, money: 25 },
      duplicates: { orders: 0, money: 0 },
      still_fail: { orders: 0, reasons: [] },
      diffs: [
        {
          job: FAILED.job,
          partition: 0,
          order_id: 'ORD1',
          user_id: 'U123',
          changes: [CHANGE],
          outcome: 'would count',
        },
      ],
    },
  }),
  repairFailed: operation({
    ...post,
    path: '/desk/api/repair',
    summary: 'Begin a run: edit the orders that match as the recipe says, and send them',
    description:
      'Ten first, then the rest; what would fail again is left alone. Each order is sent at most once.',
    body: answers.repairRequest,
    answer: answers.repairRun,
    example: EXAMPLE_RUN,
    problems: ['not-found', 'conflict'],
  }),
  retryFailed: operation({
    ...post,
    path: '/desk/api/retry',
    summary: 'Begin a run that sends the orders that match as they are',
    body: answers.retryRequest,
    answer: answers.repairRun,
    example: { ...EXAMPLE_RUN, recipe: null, recipe_name: null },
    problems: ['conflict'],
  }),
  repairRuns: operation({
    ...get,
    path: '/desk/api/runs',
    summary: 'Runs, the newest first',
    query: z.strictObject({ limit: limit(50) }),
    answer: answers.repairRuns,
    example: { runs: [EXAMPLE_RUN] },
  }),
  repairRun: operation({
    ...get,
    path: '/desk/api/runs/{run}',
    summary: 'How far a run is',
    pathParameters: z.object({ run: id('Id of the run.', RUN) }),
    answer: answers.repairRun,
    example: EXAMPLE_RUN,
    problems: ['not-found'],
  }),
  repairReceipt: operation({
    ...get,
    path: '/desk/api/runs/{run}/receipt',
    summary: 'What a run did to each order, what became of it since, and money that adds up',
    pathParameters: z.object({ run: id('Id of the run.', RUN) }),
    query: z.strictObject({ limit: limit(1_000) }),
    answer: answers.repairReceipt,
    example: {
      currency: CURRENCY,
      run: EXAMPLE_RUN,
      money: { before: 0, repaired: 25, elsewhere: 0, after: 25 },
      states: { counted: 2, duplicate: 0, failed_again: 0, under_way: 0, left: 0, gone: 0 },
      orders: [],
    },
    problems: ['not-found'],
  }),
  controlRun: operation({
    ...post,
    path: '/desk/api/runs/{run}/{action}',
    summary: 'Pause, resume or cancel a run',
    pathParameters: z.object({
      run: id('Id of the run.', RUN),
      action: oneOf(['pause', 'resume', 'cancel']).meta({
        description: 'What is to be done.',
        examples: ['pause'],
      }),
    }),
    body: answers.noRequest,
    answer: answers.repairRun,
    example: { ...EXAMPLE_RUN, state: 'paused', ended_at: null },
    problems: ['not-found', 'conflict'],
  }),
  savedRecipes: operation({
    ...get,
    path: '/desk/api/recipes',
    summary: 'Saved recipes, the newest version of each',
    answer: answers.savedRecipes,
    example: { recipes: [SAVED] },
  }),
  saveRecipe: operation({
    ...post,
    path: '/desk/api/recipes/save',
    summary: 'Save a recipe under a name; under one that is there, as its next version',
    description:
      'The last 10 versions of 100 names are kept; try and repair take `comma` for the newest, `comma@2` for that one.',
    body: answers.saveRequest,
    answer: answers.savedRecipe,
    example: SAVED,
    problems: ['conflict'],
  }),
  removeRecipe: operation({
    ...post,
    path: '/desk/api/recipes/remove',
    summary: 'Remove a saved recipe with all its versions; runs keep what they used',
    body: answers.removeRequest,
    answer: answers.removedRecipe,
    example: { name: SAVED.name },
    problems: ['not-found'],
  }),
  ordersAside: operation({
    ...get,
    path: '/desk/api/aside',
    summary: 'Orders that were set aside',
    query: z.strictObject({ limit: limit(50) }),
    answer: answers.ordersAside,
    example: { currency: CURRENCY, orders: 0, rows: [] },
  }),
  setAside: operation({
    ...post,
    path: '/desk/api/set-aside',
    summary: 'Take orders that match out of the way',
    body: answers.asideRequest,
    answer: answers.movedOrders,
    example: MOVED,
  }),
  restoreOrders: operation({
    ...post,
    path: '/desk/api/restore',
    summary: 'Put orders that were set aside back among the failed ones',
    body: answers.restoreRequest,
    answer: answers.movedOrders,
    example: MOVED,
  }),
  deleteOrders: operation({
    ...post,
    path: '/desk/api/delete',
    role: 'admin',
    summary: 'Delete orders for good, by their number',
    body: answers.deleteRequest,
    answer: answers.movedOrders,
    example: MOVED,
    problems: ['conflict'],
  }),
  ...storyOperations,
  ...auditOperations,
  ...letterOperations,
  ...autoOperations,
};
