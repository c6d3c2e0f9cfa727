import * as z from 'zod';
import { THRESHOLDS } from './thresholds.ts';

/* What is learned as Redis keeps it, which is also what it is held against when it is read. */

const amount = z.number();
const candidate = z.object({ orders: amount, users: z.array(amount), since: amount });

const values = z.tuple([
  amount,
  amount,
  z.array(z.tuple([z.string(), amount])),
  z.array(z.tuple([z.string(), candidate])),
]);
export type PackedValues = z.infer<typeof values>;

const places = z.array(
  z.tuple(
    [amount, amount, amount, amount],
    z.object({
      also: z.array(amount).optional(),
      odd: z.array(candidate.extend({ outer: amount })).optional(),
    }),
  ),
);
export type PackedPlaces = z.infer<typeof places>;

const watch = z.tuple([amount, amount, amount, z.boolean()]);
export type PackedWatch = z.infer<typeof watch>;

const product = z.tuple(
  [z.string(), amount, amount, amount, amount, amount, z.array(amount)],
  z.object({
    oddPrices: z.array(candidate.extend({ price: amount })).optional(),
    oddQuantity: candidate.extend({ most: amount }).optional(),
    admitted: amount.optional(),
  }),
);
export type PackedProduct = z.infer<typeof product>;

export const productsShape = z.array(product);
const masks = z.array(values);
/** All but the products, which come in parts. */
export const restShape = z.object({
  masks: z.object({ order_id: masks, user_id: masks, product_id: masks }),
  payments: values,
  places,
  watches: z.array(z.tuple([z.string(), z.array(watch)])),
  quantities: z.object({
    lines: amount,
    mean: amount,
    // Snapshots from before it was counted have none.
    reach: z
      .array(amount)
      .length(THRESHOLDS.quantity.reaches.length + 1)
      .optional(),
  }),
  users: z.array(z.tuple([amount, amount, amount])),
  oddProducts: z.array(z.tuple([z.string(), amount])),
  products: productsShape.length(0),
});
export type PackedLearned = z.infer<typeof restShape>;
