import * as z from 'zod';
import { VERDICTS } from '../../quality/outcomes/precision.ts';

/* What the quality stage is asked and answers. As in answers.ts, each shape is described once. */

const count = z.int().min(0);
const money = z.number().min(0);
const currency = z.string().meta({ description: 'Of all money in the answer.', examples: ['USD'] });
const time = z.iso.datetime();
const text = z.string();
const share = z.number().min(0).max(1);

const severity = z.enum(['info', 'warn', 'hold']).meta({
  description: '`info` and `warn` count the order; `hold` sends it to the failed set, as `quality_hold`.',
});

const fix = z
  .array(z.strictObject({ path: text, value: z.union([text, z.number()]) }))
  .nullable()
  .meta({ description: 'Edits that would mend it, together; shown only when the order then passes.' });

const what = {
  rule: text.meta({ examples: ['price_unlike_product'] }),
  version: z.int(),
  key: text.meta({ description: 'What is grouped together with the rule: a product, a payment method.' }),
  severity,
  path: text.meta({ description: "Where in the order; '' is the order as a whole." }),
  observed: text,
  expected: text,
  from: z.int().nullable().meta({ description: 'How many observations the expectation rests on.' }),
  confidence: share,
  fix,
};

const finding = z.strictObject({
  ...what,
  group: text.meta({ description: 'Id of its group.' }),
});

export const orderFindings = z.strictObject({
  message_id: text,
  currency,
  at: time.nullable().meta({ description: 'When it was reviewed; `null` where nothing is kept of it.' }),
  held: z.boolean().meta({ description: 'It did not count: it waits in the failed set.' }),
  money: money.nullable(),
  findings: z.array(finding),
});

export const flaggedOrders = z.strictObject({
  currency,
  orders: z.array(orderFindings.omit({ currency: true }).extend({ at: time, money })),
  before: time.nullable().meta({ description: 'Where the next page begins; `null` at the end.' }),
});

const verdict = z.enum(VERDICTS);

const group = z.strictObject({
  group: text.meta({ examples: ['3f2a9c01de44'] }),
  ...what,
  state: z.enum(['open', 'rare', 'quiet', 'muted']).meta({
    description:
      '`rare`: fewer than three orders, and no finding that is plain by itself; `quiet`: nothing was added for a week, so what comes begins it anew.',
  }),
  learned: z
    .boolean()
    .meta({ description: 'Whether its rule speaks of what was learned, and can be reset.' }),
  orders: count,
  findings: count,
  money: money.meta({ description: 'What its orders are worth.' }),
  first_seen: time,
  last_seen: time,
  examples: z.array(text).meta({ description: 'The newest messages with it.' }),
  seen: z
    .array(z.strictObject({ at: time, observed: text, expected: text }))
    .meta({ description: 'The newest observations, oldest first.' }),
  labels: z.strictObject({
    right: count,
    wrong: count,
    unsure: count,
    together: z.enum([...VERDICTS, 'disputed']).nullable(),
  }),
  model: z
    .strictObject({
      outcome: text,
      verdict: text.nullable(),
      cause: text.nullable(),
      explanation: text.nullable(),
      fixes: z.array(z.strictObject({ message_id: text, fix: fix.unwrap() })),
    })
    .nullable()
    .meta({
      description: 'What a language model says of it, beside the finding; null where none was asked.',
    }),
});

export const findingGroups = z.strictObject({
  currency,
  groups: z.array(group),
  muted: z
    .array(group.pick({ group: true, rule: true, key: true }))
    .meta({ description: 'Among `muted` and `all`: what is muted and has no group any more.' }),
});

const precision = z
  .strictObject({ value: share, low: share, high: share })
  .nullable()
  .meta({ description: 'Share of right labels among right and wrong, with its 95 % interval (Wilson).' });

const lowered = z
  .strictObject({ steps: z.int().min(1), at: time, why: text })
  .nullable()
  .meta({ description: 'Set when the rule took a step down by itself, because its labels say it is wrong.' });

const rule = z.strictObject({
  rule: text,
  right: count,
  wrong: count,
  unsure: count,
  disputed: count,
  precision,
  lowered,
  muted: count.meta({ description: 'Of its keys, how many are muted.' }),
  groups: count.meta({ description: 'Groups that are kept.' }),
});

const point = z.strictObject({
  time,
  clean: count,
  warned: count,
  held: count,
  invalid: count,
  unreviewed: count.meta({ description: 'Counted without a review: it was off, or is not there yet.' }),
});

export const qualitySummary = z.strictObject({
  currency,
  layers: z.array(z.enum(['rules', 'learned'])).meta({ description: 'What of QUALITY is on.' }),
  span: z.enum(['hour', 'day', 'month']),
  step_seconds: z.int(),
  points: z.array(point).meta({ description: 'Orders by what became of them, oldest first.' }),
  orders: point.omit({ time: true }).extend({
    lost: count.meta({ description: 'Counted, with findings that reached nobody.' }),
  }),
  groups: z.strictObject({
    open: count,
    rare: count,
    quiet: count,
    muted: count.meta({ description: 'All that is muted, whether or not its group is still kept.' }),
  }),
  lines: z
    .strictObject({ reviewed: count, warm: count, share: share.nullable() })
    .meta({ description: 'Lines of orders, and those whose product had a baseline: silence is no health.' }),
  rules: z.array(rule),
  drift: z
    .array(
      z.strictObject({
        key: text,
        rule: text,
        orders: count,
        observed: text,
        expected: text,
        last_seen: time,
      }),
    )
    .meta({ description: 'What has shifted, most orders first.' }),
  model: z
    .strictObject({
      name: text,
      day: text,
      dollars: z.number(),
      dollars_cap: z.number(),
      tokens: z.number(),
      tokens_cap: z.number(),
      calls: count,
      parse_failures: count,
      canary_misses: count,
      outcomes: z.record(text, count),
      open_until: time.nullable().meta({ description: 'Until when no call is made, after too many failed.' }),
    })
    .nullable()
    .meta({ description: 'Null where no language model is asked.' }),
});

const because = text.trim().min(1).max(500).optional().meta({ description: 'Why, for the audit log.' });

export const labelRequest = z.strictObject({
  label: verdict.meta({ description: 'What somebody thinks of it.' }),
  because,
});
export const labelAnswer = z.strictObject({
  together: z.enum([...VERDICTS, 'disputed']).meta({
    description:
      'What all labels of it say: as many right as wrong ones are a dispute, and count as neither.',
  }),
  lowered,
});
export const muteRequest = z.strictObject({
  muted: z.boolean().default(true).meta({ description: 'false lets it speak again.' }),
  because,
});
export const resetRequest = z.strictObject({
  key: text
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'Of a group; without it all keys are forgotten.' }),
  because,
});
export const becauseRequest = z.strictObject({ because });
export const doneAnswer = z.strictObject({ done: z.literal(true) });
