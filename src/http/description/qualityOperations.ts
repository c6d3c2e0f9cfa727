import * as z from 'zod';
import { operation } from './operation.ts';
import { limit, noParameters, oneOf } from './parameters.ts';
import * as answers from './qualityAnswers.ts';

const AT = '2026-05-01T10:00:00.000Z';
const CURRENCY = 'USD';
const GROUP = '3f2a9c01de44';
const MESSAGE = '0a3d9c1b-2f44-4a55-9a3e-6f1c1f0e3d0c';
const FINDING = {
  rule: 'price_unlike_product',
  version: 1,
  key: 'P006',
  severity: 'warn' as const,
  path: 'items[0].price_per_unit',
  observed: '250.00',
  expected: '1.85 to 4.25',
  from: 312,
  confidence: 0.98,
  fix: [{ path: 'items[0].price_per_unit', value: 2.5 }],
};
const ORDER = {
  message_id: MESSAGE,
  at: AT,
  held: false,
  money: 250,
  findings: [{ ...FINDING, group: GROUP }],
};
const COUNTS = { clean: 995, warned: 4, held: 0, invalid: 1, unreviewed: 0 };

const common = { tag: 'Quality' as const, momentary: true as const, operators: true as const };
const get = { ...common, pathParameters: z.object({}), query: noParameters };
const post = { ...get, method: 'post' as const, problems: ['not-found', 'conflict'] as const };
const text = (description: string, example: string) =>
  z
    .string()
    .max(200)
    .meta({ description, examples: [example] });
const groupPath = z.object({ group: text('Id of the group.', GROUP) });

/** What the review of orders found, and what people say to it. Labels and the like are audited. */
export const qualityOperations = {
  qualitySummary: operation({
    ...get,
    path: '/quality/summary',
    summary: 'What became of orders, how right each rule is, and what stands behind the silence',
    query: z.strictObject({
      span: oneOf(['hour', 'day', 'month'])
        .default('day')
        .meta({ description: 'How far back; the last step is the one under way.', examples: ['day'] }),
    }),
    answer: answers.qualitySummary,
    example: {
      currency: CURRENCY,
      layers: ['rules', 'learned'],
      span: 'day',
      step_seconds: 300,
      points: [{ time: AT, ...COUNTS }],
      orders: { ...COUNTS, lost: 0 },
      groups: { open: 1, rare: 9, quiet: 0, muted: 0 },
      lines: { reviewed: 2_400, warm: 2_210, share: 0.921 },
      rules: [
        {
          rule: FINDING.rule,
          right: 9,
          wrong: 1,
          unsure: 0,
          disputed: 0,
          precision: { value: 0.9, low: 0.596, high: 0.982 },
          lowered: null,
          muted: 0,
          groups: 1,
        },
      ],
      drift: [],
      model: null,
    },
    problems: ['total-out-of-range'],
  }),
  qualityGroups: operation({
    ...get,
    path: '/quality/groups',
    summary: 'Findings, grouped: one shift or one broken sender is one group with a count',
    query: z.strictObject({
      state: oneOf(['open', 'rare', 'quiet', 'muted', 'all'])
        .default('open')
        .meta({ description: 'Which of them.', examples: ['open'] }),
      limit: limit(100),
    }),
    answer: answers.findingGroups,
    example: {
      currency: CURRENCY,
      groups: [
        {
          group: GROUP,
          ...FINDING,
          state: 'open',
          learned: true,
          orders: 4,
          findings: 4,
          money: 1_000,
          first_seen: AT,
          last_seen: AT,
          examples: [MESSAGE],
          seen: [{ at: AT, observed: FINDING.observed, expected: FINDING.expected }],
          labels: { right: 1, wrong: 0, unsure: 0, together: 'right' },
          model: null,
        },
      ],
      muted: [],
    },
  }),
  qualityFindings: operation({
    ...get,
    path: '/quality/findings',
    summary: 'Orders with findings, the newest first',
    description:
      'Ask for the next page with the `before` of this one, until it is null. Those reviewed in one millisecond come together, ' +
      'even where that makes a page longer than `limit`.',
    query: z.strictObject({
      before: z.iso
        .datetime({ error: 'must be a time in UTC such as 2026-01-31T12:00:00.000Z' })
        .optional()
        .meta({ description: 'Only those reviewed before that.', examples: [AT] }),
      limit: limit(50),
    }),
    answer: answers.flaggedOrders,
    example: { currency: CURRENCY, orders: [ORDER], before: null },
  }),
  orderFindings: operation({
    ...get,
    path: '/orders/{message_id}/findings',
    summary: 'What was found in the order of a message',
    description:
      'The newest 10,000 orders with findings are kept. Of any other, one that was never sent too, there are none.',
    pathParameters: z.object({ message_id: text('Id of its message, which is that of its job.', MESSAGE) }),
    answer: answers.orderFindings,
    example: { ...ORDER, currency: CURRENCY },
  }),
  labelGroup: operation({
    ...post,
    path: '/quality/groups/{group}/label',
    summary: 'Say whether a group is right',
    description:
      'One label of each person counts, the newest. When more people call it wrong than right, what it flagged is learned ' +
      'after all; a rule whose labels say that it is wrong more often than right takes a step down by itself.',
    pathParameters: groupPath,
    body: answers.labelRequest,
    answer: answers.labelAnswer,
    example: { together: 'right', lowered: null },
  }),
  labelFinding: operation({
    ...post,
    path: '/orders/{message_id}/findings/{finding}/label',
    summary: 'Say whether one finding is right',
    pathParameters: z.object({
      message_id: text('Id of the message.', MESSAGE),
      finding: z
        .string()
        .regex(/^\d{1,2}$/, 'must be its place, from 0')
        .meta({ description: 'Its place among those of the order, from 0.', examples: ['0'] }),
    }),
    body: answers.labelRequest,
    answer: answers.labelAnswer,
    example: { together: 'wrong', lowered: null },
  }),
  muteGroup: operation({
    ...post,
    path: '/quality/groups/{group}/mute',
    summary: 'Hear no more of a rule and key, or hear of it again',
    description: 'What is muted stays so when its group has gone, and is unmuted by the same id.',
    pathParameters: groupPath,
    body: answers.muteRequest,
    answer: answers.doneAnswer,
    example: { done: true },
  }),
  restoreRule: operation({
    ...post,
    path: '/quality/rules/{rule}/restore',
    summary: 'Let a rule that took a step down speak as gravely as it is written again',
    pathParameters: z.object({ rule: text('Its id.', FINDING.rule) }),
    body: answers.becauseRequest,
    answer: answers.doneAnswer,
    example: { done: true },
  }),
  resetRule: operation({
    ...post,
    path: '/quality/rules/{rule}/reset',
    summary: 'Have a rule forget what it learned, of one key or of all',
    description:
      'For a bad day that was learned as what is usual. It says nothing of them until it has seen enough again. What is known ' +
      'of a product is shared by the rules about it, and forgotten for all of them.',
    pathParameters: z.object({ rule: text('Its id.', 'price_unlike_product') }),
    body: answers.resetRequest,
    answer: answers.doneAnswer,
    example: { done: true },
  }),
};
