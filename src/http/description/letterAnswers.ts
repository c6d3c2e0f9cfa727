import * as z from 'zod';
import { REASONS } from '../../orders/invalidOrder.ts';
import { time, who } from './storyAnswers.ts';

/* What the desk says of messages that SQS gave up. */

const count = z.int().min(0);

export const peekRequest = z.strictObject({
  limit: z
    .int()
    .min(1)
    .max(10_000)
    .default(1_000)
    .meta({ description: 'How many messages to look at, rounded up to tens.' }),
});
export const redriveRequest = z.strictObject({
  because: z.string().trim().min(1).max(500).meta({ description: 'Why, for the audit log.' }),
  rate: z.int().min(1).max(500).optional().meta({ description: 'Messages a second at most.' }),
});
export const cancelRequest = z.strictObject({});

export const redrive = z
  .object({
    run: z.string(),
    state: z.enum(['running', 'done', 'cancelled', 'failed']),
    how: z.enum(['move', 'copy']).meta({
      description: "`move`: SQS's own task; `copy`: sent to the inbox, then deleted, where there is none.",
    }),
    who,
    at: time,
    because: z.string(),
    rate: count.nullable(),
    moved: count,
    total: count.meta({ description: 'How many lay there when it began, about.' }),
    why: z.string().nullable(),
    ended_at: time.nullable(),
  })
  .meta({ description: 'A redrive.' });

export const deadLetters = z
  .object({
    queue: z.string().nullable().meta({ description: 'null when the inbox has none.' }),
    visible: count,
    hidden: count,
    redrive: redrive.nullable().meta({ description: 'The last one.' }),
  })
  .meta({ description: "What lies in the dead-letter queue, by SQS's approximate counts." });

export const deadLetterCauses = z
  .object({
    queue: z.string(),
    looked_at: count,
    whole: z
      .boolean()
      .meta({ description: 'Whether that was all; what somebody else holds meanwhile was not seen.' }),
    of_other_inboxes: count.meta({
      description: 'Messages of other inboxes that share the queue: in no group.',
    }),
    most_deliveries: count.meta({ description: 'How often the one was received that was received most.' }),
    groups: z.array(
      z.object({
        cause: z.string(),
        reason: z.enum([...REASONS, 'would_pass', 'already_counted']),
        path: z.string(),
        shape: z.string(),
        orders: count,
        users: count,
        money: z.number().min(0),
        of_unknown_value: count,
        first_seen: time,
        last_seen: time,
      }),
    ),
  })
  .meta({
    description: 'Why messages lie there, by the rules and the ledger as they are; largest money first.',
  });
