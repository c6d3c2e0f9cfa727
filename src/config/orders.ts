import * as z from 'zod';
import { lower, oneOf, whole } from './values.ts';

/** What an order may look like. */
export const orderVariables = {
  CURRENCY: z
    .string()
    .regex(/^[A-Za-z]{3}$/, 'must be a currency code of three letters')
    .transform((code) => code.toUpperCase())
    .default('USD'),
  ID_CASE: oneOf(['upper', 'preserve'], lower).default('upper'),
  MAX_ORDER_ITEMS: whole(1, 100_000).default(1_000),
};

const variables = z.object(orderVariables);

export function orderSettings(env: z.output<typeof variables>) {
  return { rules: { currency: env.CURRENCY, idCase: env.ID_CASE, maxItems: env.MAX_ORDER_ITEMS } };
}
