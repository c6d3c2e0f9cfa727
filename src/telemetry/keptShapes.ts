import * as z from 'zod';

/* What of figures.ts the pulse keeps as JSON: who reads it back cannot know who wrote it. */

const text = z.string();
const amount = z.number();
const time = z.iso.datetime();

export const inboxShape = z.looseObject({
  visible: amount,
  in_flight: amount,
  delayed: amount,
  dead_letters: amount.nullable(),
  oldest_seconds: amount.nullable(),
  seen_at: time,
});

export const processShape = z.looseObject({
  role: text,
  version: text,
  node: text,
  started_at: time,
  troubles: z.array(z.looseObject({ what: text, since: text, reason: text })),
  concurrency: amount.optional(),
  paused_by: z.array(text).optional(),
  dollars_per_million_calls: amount.optional(),
  durability_warning: text.optional(),
  inbox: inboxShape.optional(),
});

const names = { order_id: text, user_id: text, at: time };
export const countedShape = z.looseObject({ ...names, minorUnits: amount });
export const refusedShape = z.looseObject({ ...names, job_id: text, partition: amount, reason: text });
