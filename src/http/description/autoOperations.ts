import * as z from 'zod';
import * as answers from './deskAnswers.ts';
import { operation } from './operation.ts';
import { noParameters } from './parameters.ts';
import { desk } from './storyOperations.ts';

const AT = '2026-05-01T10:00:00.000Z';
const AUTO_REPAIR = {
  cause: '3f2a9c01de',
  reason: 'wrong_type' as const,
  path: 'items[*].price_per_unit',
  shape: '9,9',
  recipe_name: 'comma@2',
  by: { kind: 'user' as const, name: 'anna', address: '192.0.2.7' },
  at: AT,
  because: 'the shop does it every month',
  orders: 'new' as const,
  per_hour: 100,
  per_day: 1_000,
  money_per_day: null,
  state: 'standing' as const,
  why: null,
  stopped_at: null,
  tried: 12,
  counted: 12,
  sent_last_hour: 2,
  sent_last_day: 12,
  run: null,
};
const common = { ...desk, pathParameters: z.object({}), query: noParameters };

/** Recipes that stand for a cause. */
export const autoOperations = {
  autoRepairs: operation({
    ...common,
    path: '/desk/api/auto-repairs',
    summary: 'Recipes that stand for a cause, and how they fare',
    answer: answers.autoRepairs,
    example: { currency: 'USD', auto_repairs: [AUTO_REPAIR] },
  }),
  addAutoRepair: operation({
    ...common,
    path: '/desk/api/auto-repairs/add',
    method: 'post',
    role: 'admin',
    summary: 'Let a saved recipe stand for a cause: its orders are repaired without anybody asking',
    description:
      'By runs like those of a person, of up to 100 orders and 20 a second, within the budget, each order once at most. It ' +
      'stops by itself when of the last 50 orders more than 20 % failed again, would have, or were duplicates, or when the ' +
      'recipe is saved no more.',
    body: answers.autoRequest,
    answer: answers.autoRepairDeclared,
    example: AUTO_REPAIR,
    problems: ['not-found', 'conflict'],
  }),
  removeAutoRepair: operation({
    ...common,
    path: '/desk/api/auto-repairs/remove',
    method: 'post',
    summary: 'Take back a recipe that stands for a cause, or has stopped; its run under way is cancelled',
    body: answers.autoRemoveRequest,
    answer: answers.autoRepairRemoved,
    example: { cause: AUTO_REPAIR.cause },
    problems: ['not-found'],
  }),
};
