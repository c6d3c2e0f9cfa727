import { createHash } from 'node:crypto';
import * as z from 'zod';

const MOST_STEPS = 20;
const LONGEST_TEXT = 200;
const MOST_NAMES = 10;

const name = z
  .string()
  .min(1)
  .max(LONGEST_TEXT)
  .regex(/^[^.[\]\p{C}]+$/u, 'must be the name of a field');

/** Where in an order, like `order_value`, `totals.tax`, `items[*].price_per_unit` or `items[0]`. */
const place = z
  .string()
  .max(LONGEST_TEXT)
  .refine((text) => readPlace(text) !== undefined, 'must be a place like items[*].price_per_unit')
  .meta({ description: 'Where in the order; `[*]` is every line of a list.', examples: ['order_value'] });

/** Past that JavaScript knows a number by its first digits alone: an id would be put down, or looked for, as another. */
const number = z
  .number()
  .refine((value) => Math.abs(value) <= Number.MAX_SAFE_INTEGER, 'a number as long as that is put as text');

const scalar = z.union([z.string().max(LONGEST_TEXT), number, z.boolean(), z.null()]);

const step = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('replace'),
    at: place,
    find: z.string().min(1).max(LONGEST_TEXT),
    with: z.string().max(LONGEST_TEXT),
  }),
  z.strictObject({ do: z.literal('decimal_comma'), at: place }),
  z.strictObject({ do: z.literal('text_to_number'), at: place }),
  z.strictObject({ do: z.literal('set'), at: place, value: scalar }),
  z.strictObject({ do: z.literal('rename'), at: place, to: name }),
  z.strictObject({ do: z.literal('cast'), at: place, to: z.enum(['text', 'whole_number', 'time']) }),
  z.strictObject({ do: z.literal('recompute_total') }),
  z.strictObject({ do: z.literal('release') }),
  z.strictObject({ do: z.literal('drop_line'), at: place, where: name, equals: scalar }),
]);

/**
 * How orders are repaired, as data. Steps are taken in turn. Each one, taken twice, does what it does taken once, but
 * for a `replace` that puts in what it finds.
 */
export const recipe = z
  .strictObject({ version: z.literal(1), steps: z.array(step).min(1).max(MOST_STEPS) })
  .meta({ description: 'How orders are repaired: steps, taken in turn.' });

export type Recipe = z.output<typeof recipe>;
export type Step = Recipe['steps'][number];

/** Whether orders count whatever their review finds. */
export const isReleasing = (one: Recipe | undefined): boolean =>
  one?.steps.some((each) => each.do === 'release') === true;

/** SHA-256 of its JSON, hex: what the audit log knows it by. */
export const digestOf = (one: Recipe): string =>
  createHash('sha256').update(JSON.stringify(one)).digest('hex');

const NAME = String.raw`[\p{L}\p{N}][\p{L}\p{M}\p{N} ._\-]{0,59}`;

/** What a recipe is saved as. */
export const recipeName = z
  .string()
  .regex(new RegExp(`^${NAME}$`, 'u'), 'must be 1 to 60 letters, digits, blanks, dots, dashes or underscores')
  .meta({ description: 'Name of a saved recipe.', examples: ['comma'] });

/** The same, with a version where it is not the newest that is meant. */
export const recipeReference = z
  .string()
  .regex(
    new RegExp(`^${NAME}(?:@[1-9]\\d{0,8})?$`, 'u'),
    'must be the name of a saved recipe, with @ and a version perhaps',
  )
  .meta({
    description: 'A saved recipe: the newest of that name, or a version.',
    examples: ['comma', 'comma@2'],
  });

/** A name, a position, or every position. */
export type Part = string | number | typeof EVERY;
export const EVERY = Symbol('every line');

const PART = /(?:^|\.)([^.[\]\p{C}]+)|\[(\d{1,9}|\*)\]/gu;

/** Undefined when the text names no place. */
export function readPlace(text: string): Part[] | undefined {
  const found = [...text.matchAll(PART)];
  const whole = found.map(([each]) => each).join('');
  if (whole !== text || found.length === 0 || found.length > MOST_NAMES || found[0]?.[1] === undefined)
    return undefined;
  return found.map(([, field, at]) => field ?? (at === '*' ? EVERY : Number(at)));
}
