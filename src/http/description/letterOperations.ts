import * as answers from './letterAnswers.ts';
import { operation } from './operation.ts';
import { noParameters } from './parameters.ts';
import { desk } from './storyOperations.ts';

const AT = '2026-05-01T10:00:00.000Z';
const REDRIVE = {
  run: '6f1c1f0e-3d0c-4a55-9a3e-0a3d9c1b2f44',
  state: 'running' as const,
  how: 'move' as const,
  who: { kind: 'user', name: 'anna', address: '192.0.2.7' },
  at: AT,
  because: 'ticket 7',
  rate: 50,
  moved: 100,
  total: 3_000,
  why: null,
  ended_at: null,
};
const common = {
  ...desk,
  query: noParameters,
  problems: ['not-found', 'conflict', 'sqs-unavailable'] as const,
};

/** Messages that SQS gave up, and their way back. */
export const letterOperations = {
  deadLetters: operation({
    ...common,
    path: '/desk/api/dead-letters',
    summary: 'How much lies in the dead-letter queue, and how the last redrive stands',
    answer: answers.deadLetters,
    example: { queue: 'orders-dlq', visible: 2_900, hidden: 0, redrive: REDRIVE },
  }),
  peekDeadLetters: operation({
    ...common,
    path: '/desk/api/dead-letters/peek',
    method: 'post',
    summary: 'Why messages lie there',
    description:
      'Receives them, judges each by the rules and the ledger as they are, and hands all back at once. SQS counts a look ' +
      'as one more delivery of each message; meanwhile, for 30 seconds at most, nobody else receives them. A queue that gives ' +
      'messages up itself is not looked into.',
    body: answers.peekRequest,
    answer: answers.deadLetterCauses,
    example: {
      queue: 'orders-dlq',
      looked_at: 2,
      whole: true,
      of_other_inboxes: 0,
      most_deliveries: 21,
      groups: [
        {
          cause: '3f2a9c01de',
          reason: 'would_pass',
          path: '',
          shape: '',
          orders: 2,
          users: 1,
          money: 25,
          of_unknown_value: 0,
          first_seen: AT,
          last_seen: AT,
        },
      ],
    },
  }),
  redriveDeadLetters: operation({
    ...common,
    path: '/desk/api/dead-letters/redrive',
    method: 'post',
    summary: 'Send everything back to the inbox',
    description:
      "By SQS's own move task, or by copying where the server has none. Goes on whoever dies; one at a time.",
    body: answers.redriveRequest,
    answer: answers.redrive,
    example: REDRIVE,
  }),
  cancelRedrive: operation({
    ...common,
    path: '/desk/api/dead-letters/cancel',
    method: 'post',
    summary: 'Stop the redrive; what was moved stays in the inbox',
    body: answers.cancelRequest,
    answer: answers.redrive,
    example: { ...REDRIVE, state: 'cancelled', ended_at: AT },
  }),
};
