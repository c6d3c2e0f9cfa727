import * as z from 'zod';
import { operation } from './operation.ts';
import { search, writtenId } from './parameters.ts';
import * as answers from './storyAnswers.ts';

export const desk = {
  tag: 'Desk' as const,
  momentary: true as const,
  operators: true as const,
  pathParameters: z.object({}),
};
const AT = '2026-05-01T10:00:00.000Z';
const STORY =
  'Refused and why, edited by whom with before and after, tried, counted or not and for how much by the ledger, when, ' +
  'and which duplicates: from the jobs that are kept, the repairs, and the audit log.';

export const AUDIT_CHANGE: z.input<typeof answers.auditChange> = {
  id: '1777629600000-0',
  at: AT,
  who: { kind: 'user', name: 'anna', address: '10.1.2.3' },
  action: 'edit',
  partition: 0,
  job: '0f4c1f6e-8d0a-4c39-9d9f-0e7a1a2b3c4d',
  filter: null,
  count: null,
  reason: null,
  run: null,
  before: 'aa',
  after: 'bb',
  result: 'done',
  why: null,
  ended_at: AT,
};

export const EXAMPLE_STORY: z.input<typeof answers.orderStory> = {
  order_id: 'ORD1237',
  user_id: 'U0001',
  kept: true,
  counted: true,
  money: 2000,
  counted_at: AT,
  ledger_remembers_days: 35,
  duplicates: 0,
  sentence: 'Order ORD1237 of user U0001 was counted for 2000.00 on 2026-05-01 at 10:00:00 UTC.',
  deliveries: [],
};

/** One order, for operators. */
export const storyOperations = {
  orderByName: operation({
    ...desk,
    path: '/desk/api/order',
    summary: 'The story of one order, by its user and its own id',
    description: `${STORY} Two users may have orders of one id.`,
    query: z.strictObject({
      user_id: writtenId("The user's id, however it is spelled.", 'U123'),
      order_id: search("The order's own id, however it is spelled.", 'ORD1237'),
    }),
    answer: answers.orderStory,
    example: EXAMPLE_STORY,
  }),
};
