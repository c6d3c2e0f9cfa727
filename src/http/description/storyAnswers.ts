import * as z from 'zod';
import { REASONS } from '../../orders/invalidOrder.ts';

/* What the desk says of one order. */

export const time = z.iso.datetime();
const count = z.int().min(0);
const reason = z.enum(REASONS);

export const who = z
  .object({ kind: z.string(), name: z.string().optional(), address: z.string().optional() })
  .meta({ description: 'Who did it: a person, the id of a key, or the user of a command.' });

export const auditChange = z.object({
  id: z.string().meta({ description: 'Of the entry that says what was meant.' }),
  at: time,
  who,
  action: z.string().meta({ examples: ['edit'] }),
  partition: count.nullable(),
  job: z.string().nullable(),
  filter: z.string().nullable(),
  count: count.nullable(),
  reason: z.string().nullable(),
  run: z.string().nullable(),
  before: z.string().nullable().meta({ description: 'SHA-256 of the data before, hex.' }),
  after: z.string().nullable(),
  result: z
    .enum(['done', 'refused', 'failed'])
    .nullable()
    .meta({ description: 'null where nobody knows: the process ended in between.' }),
  why: z.string().nullable(),
  ended_at: time.nullable(),
});

export const issue = z.object({ reason, path: z.string(), message: z.string() });

const edit = z.object({
  at: time,
  by: who,
  changes: z
    .array(
      z.object({
        path: z.string(),
        before: z.string().nullable().meta({ description: 'JSON text with every digit; null for none.' }),
        after: z.string().nullable(),
      }),
    )
    .meta({ description: 'The first 20.' }),
  changed: count.meta({ description: 'How many fields in all.' }),
});

const delivery = z.object({
  job: z.string().meta({ description: "The message's id." }),
  partition: count,
  state: z
    .enum(['failed', 'aside', 'completed', 'delayed', 'active', 'waiting', 'gone'])
    .meta({ description: '`aside`: set aside by somebody; `gone`: only what was edited is kept.' }),
  received_at: time,
  message: z.unknown().meta({ description: 'What SQS said of the message.' }),
  tries: count,
  refused: z
    .object({
      first_at: time.nullable(),
      sentence: z.string(),
      issues: z.array(issue).meta({ description: 'The first 20, each at its place in the order.' }),
    })
    .nullable()
    .meta({ description: 'Why it failed; null when it never did, as far as that is kept.' }),
  edits: z.array(edit),
  now: z
    .object({ outcome: z.enum(['would count', 'duplicate', 'still fails']), issues: z.array(issue) })
    .nullable()
    .meta({ description: 'What a try now would end with, by the rules and the ledger; null once it ended.' }),
  ended: z
    .object({
      outcome: z.enum(['counted', 'duplicate', 'moved', 'completed', 'gone']),
      at: time.nullable(),
    })
    .nullable(),
  same_as_counted: z.boolean().nullable().meta({
    description: 'Whether it holds what was counted under its name; null when that cannot be told.',
  }),
  data: z.unknown().meta({ description: 'What is stored; numbers that JavaScript rounds stand in `exact`.' }),
  original: z.unknown().meta({ description: 'What the message made of it, before any edit.' }),
  changes: z.array(auditChange).meta({ description: 'What the audit log says of it.' }),
});

export const orderStory = z
  .object({
    order_id: z.string().nullable(),
    user_id: z.string().nullable(),
    kept: z.boolean().meta({ description: 'Whether a job or a repair of it is kept.' }),
    counted: z
      .boolean()
      .nullable()
      .meta({ description: 'By the ledger; null when nobody can read what the order is called.' }),
    money: z
      .number()
      .min(0)
      .nullable()
      .meta({ description: 'For how much it counted, when the ledger tells.' }),
    counted_at: time.nullable().meta({ description: 'null when that is not kept.' }),
    ledger_remembers_days: count.nullable(),
    duplicates: count.meta({ description: 'How many of the deliveries were recognised as duplicates.' }),
    sentence: z.string(),
    deliveries: z
      .array(delivery)
      .meta({ description: 'Every message of the order, the one asked for first, as far as they are kept.' }),
  })
  .meta({ description: 'The whole story of one order, as far as it is kept.' });

export const auditPage = z
  .object({
    changes: z.array(auditChange),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'For the changes before these; null at the end.' }),
  })
  .meta({ description: 'Changes, the newest first.' });

export const auditChain = z
  .object({
    state: z
      .enum(['whole', 'broken', 'busy'])
      .meta({ description: '`busy`: it was written to during every look, and nobody can tell.' }),
    entries: count,
    oldest: time.nullable(),
    kept_days: count,
    gaps: z.array(
      z.object({ id: z.string().nullable().meta({ description: 'null at the end.' }), problem: z.string() }),
    ),
    sentence: z.string(),
  })
  .meta({ description: 'Whether entries were changed, taken out or put in.' });
