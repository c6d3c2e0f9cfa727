import * as z from 'zod';
import { type IdCase, type IdFault, idFault, MAX_ID_LENGTH, normaliseId } from '../../orders/ids.ts';
import { SOME_VISIBLE_PATTERN, VISIBLE_PATTERN } from '../../orders/invisible.ts';
import { isCalendarDay } from '../../orders/timestamp.ts';
import { GRANULARITIES, SERIES_GRANULARITIES } from '../../stats/figures.ts';
import type { ParameterRule } from '../transport/problem.ts';

/**
 * The parameters of the API, each described once: what is taken, what is said about anything else, and what the
 * API's document shows. A schema reads text, as it stands in a URL; what it puts out is what a route works with.
 */

/** Text, once. A repeated parameter arrives as an array. */
const text = z.string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be given once') });

const rule = (name: ParameterRule) => ({ params: { rule: name } });

function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  // A pipe's second half is also what the document shows: an integer with its bounds, though it arrives as text.
  return text
    .regex(/^[0-9]+$/, message)
    .transform(Number)
    .pipe(z.int(message).min(min, message).max(max, message));
}

export const limit = (byDefault: number, most = 1_000) =>
  wholeNumber(1, most)
    .default(byDefault)
    .meta({ description: 'How many at most.', examples: [10] });

export const months = wholeNumber(1, 120)
  .default(12)
  .meta({ description: 'How many months of each, its first one among them.', examples: [12] });

/** A day in UTC, `YYYY-MM-DD`, years 0001 to 9999. */
export const day = (description: string, example: string) =>
  text
    .refine(isCalendarDay, { message: 'must be a date that exists, as YYYY-MM-DD', ...rule('format') })
    .meta({
      description,
      format: 'date',
      pattern: '^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$',
      examples: [example],
    });

/** What can be had as CSV too is asked for so by those who cannot set a header. */
export const csvFormat = z
  .enum(['json', 'csv'], {
    error: ({ input }) => (Array.isArray(input) ? 'must be given once' : 'must be json or csv'),
  })
  .optional()
  .meta({ description: 'The form of the answer; before what `Accept` says.', examples: ['csv'] });

const range = {
  start_date: day('First day, UTC.', '2025-08-01'),
  end_date: day('Last day, UTC; it counts too.', '2025-08-31'),
};
/** The range that another one is compared with. */
const otherRange = {
  with_start_date: day('First day of the range to compare with, UTC.', '2024-08-01'),
  with_end_date: day('Last day of it.', '2024-08-31'),
};
const optionalRange = {
  start_date: day('First day, UTC; only together with end_date.', '2025-08-01').optional(),
  end_date: day('Last day, UTC, it counts too; only together with start_date.', '2025-08-31').optional(),
};
type RangeText = { start_date?: string | undefined; end_date?: string | undefined };

/** Parameters with a range of days that must be there. */
export function withRange<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject({ ...range, ...shape }).refine(isInOrder, IN_ORDER);
}

/** Parameters with a range of days that may be absent: both of its ends or none. */
export function withOptionalRange<T extends z.ZodRawShape>(shape: T) {
  return z
    .strictObject({ ...optionalRange, ...shape })
    .refine((query) => has(query, 'start_date') || !has(query, 'end_date'), partner('start_date', 'end_date'))
    .refine((query) => has(query, 'end_date') || !has(query, 'start_date'), partner('end_date', 'start_date'))
    .refine(isInOrder, IN_ORDER);
}

export const noParameters = z.strictObject({});

const has = (query: unknown, name: keyof RangeText) => (query as RangeText)[name] !== undefined;
/** Said beside whatever else is wrong: `when` would otherwise wait for the rest to be right. */
const partner = (missing: string, given: string) => ({
  path: [missing],
  message: `is required together with ${given}`,
  ...rule('required'),
  when: () => true,
});

/** Days of four-digit years sort as text. */
function isInOrder(query: unknown): boolean {
  const { start_date, end_date } = query as RangeText;
  return start_date === undefined || end_date === undefined || start_date <= end_date;
}
const IN_ORDER = { path: ['start_date'], message: 'must not be after end_date', ...rule('range') };

/** One of a few words. */
export function oneOf<Word extends string>(words: readonly [Word, ...Word[]]) {
  const list = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return z.enum(words, {
    error: ({ input }) =>
      input === undefined
        ? `is required: ${list}`
        : Array.isArray(input)
          ? 'must be given once'
          : `must be ${list}`,
  });
}

export const userGranularity = oneOf(GRANULARITIES).meta({
  description: 'The length of one point.',
  examples: ['month'],
});

/** Two ranges of days, both of which must be there. */
export const twoRanges = withRange({ ...otherRange, format: csvFormat }).refine(
  ({ with_start_date, with_end_date }) => with_start_date <= with_end_date,
  { path: ['with_start_date'], message: 'must not be after with_end_date', ...rule('range') },
);

const seriesGranularity = oneOf(SERIES_GRANULARITIES).meta({
  description: 'The length of one point; `hour` goes by the time of counting.',
  examples: ['month'],
});

/** What a series is asked for; `user` is the schema of ids. */
export const seriesQuery = (user: ReturnType<typeof userId>) =>
  withRange({ granularity: seriesGranularity, user_id: user.optional(), format: csvFormat }).refine(
    ({ granularity, user_id }) => granularity !== 'hour' || user_id === undefined,
    {
      path: ['user_id'],
      message: 'cannot be given with granularity hour: hours are kept of all users together',
      ...rule('unknown'),
    },
  );

function faultOf(fault: IdFault): [rule: ParameterRule, message: string] {
  switch (fault.kind) {
    case 'blank':
      return ['length', 'must not be empty'];
    case 'too_long':
      return ['length', `must be at most ${MAX_ID_LENGTH} characters`];
    case 'forbidden_character':
      return ['characters', 'must not contain control characters'];
    case 'invisible_character':
      return ['characters', `must not contain the invisible character ${fault.character}`];
  }
}

/** A user id, put out spelled as it is counted. */
export const userId = (idCase: IdCase) => idOf('user', idCase, 'U123');

/** The same of what else has an id in an order. */
export function idOf(what: string, idCase: IdCase, example: string) {
  return text
    .transform((id) => normaliseId(id, idCase))
    .pipe(
      z.string().check(({ value, issues }) => {
        const fault = idFault(value);
        if (!fault) return;
        const [name, message] = faultOf(fault);
        issues.push({ code: 'custom', input: value, message, params: { rule: name } });
      }),
    )
    .meta({
      description: `The ${what}'s id. Spaces and invisible characters around it are dropped, accents may be composed or not${idCase === 'upper' ? ' and the case does not matter' : ''}.`,
      minLength: 1,
      maxLength: MAX_ID_LENGTH,
      pattern: VISIBLE_PATTERN,
      examples: [example],
    });
}

/** An amount of money, as decimal text. */
export const amount = (description: string) =>
  text
    .regex(/^[0-9]{1,13}(\.[0-9]{1,2})?$/, 'must be an amount with two decimals at most, as 12.50')
    .meta({ description, examples: ['12.50'] });

export const paymentMethod = text
  .transform((value) => value.trim().toUpperCase())
  .pipe(
    z
      .string()
      .min(1, 'must not be empty')
      .max(200, 'must be at most 200 characters')
      // PostgreSQL has no NUL in its text, so no order has.
      .regex(/^(?=[^\0]*\S)[^\0]*$/, 'must not be blank or contain NUL'),
  )
  .meta({ description: 'A payment method; the case does not matter.', examples: ['CREDITCARD'] });

export const cursor = text
  .refine((value) => /^[A-Za-z0-9_-]{1,1000}$/.test(value), {
    message: 'must be the next_cursor of an earlier answer, unchanged',
    ...rule('cursor'),
  })
  .meta({ description: 'Where to go on: the `next_cursor` of the answer before, with the same parameters.' });

/** As the desk names causes. */
export const cause = text
  .regex(/^[0-9a-f]{10}$/, 'must be the id of a cause')
  .meta({ description: 'Id of a cause.', examples: ['3f2a9c01de'] });

/** Something to look for. */
export const search = (description: string, example: string) =>
  text
    .refine((value) => value.length > 0 && value.length <= 200, {
      message: 'must be 1 to 200 characters',
      ...rule('length'),
    })
    .meta({ description, minLength: 1, maxLength: 200, examples: [example] });

const SOME_VISIBLE = new RegExp(SOME_VISIBLE_PATTERN, 'u');

/** An id as somebody wrote it down: spaces, and what cannot be seen, around it do not count. */
export const writtenId = (description: string, example: string) =>
  text
    .refine((value) => value.length <= 200 && SOME_VISIBLE.test(value), {
      message: 'must be 1 to 200 characters that can be seen',
      ...rule('length'),
    })
    .meta({ description, minLength: 1, maxLength: 200, pattern: SOME_VISIBLE_PATTERN, examples: [example] });

export const problemKind = text.meta({
  description: "The end of a problem's `type`.",
  examples: ['unknown-user'],
});
