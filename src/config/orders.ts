import * as z from 'zod';
import { amount, lower, oneOf, several, whole } from './values.ts';

/** Currencies without cents (ISO 4217): totals are whole hundredths, and would be wrong by a factor or a digit. */
const WITHOUT_CENTS: Readonly<Record<string, string>> = {
  'no decimals': 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  'three decimals': 'BHD IQD JOD KWD LYD OMR TND',
  'four decimals': 'CLF UYW',
  'no decimals of its own': 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX',
};

/** A thousandth of what a total has room for: 2^46 units of the currency. */
const MOST_ORDER_VALUE = 70_368_744_177;

const ACCEPTED = [
  'text_value',
  'epoch_time',
  'zero_quantity',
  'fractional_quantity',
  'loose_optional',
] as const;

/** Fields that have a rule of their own already. */
const OWN_FIELDS = new Set([
  'order_id',
  'user_id',
  'order_value',
  'items',
  'order_timestamp',
  'currency',
  'payment_method',
  'shipping_address',
]);

const SUM_FIELD = /^([+-]?)([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)$/;

/** What an order may look like. */
export const orderVariables = {
  CURRENCY: z
    .string()
    .regex(/^[A-Za-z]{3}$/, 'must be a currency code of three letters')
    .transform((code) => code.toUpperCase())
    .superRefine((code, context) => {
      const decimals = Object.keys(WITHOUT_CENTS).find((kind) =>
        WITHOUT_CENTS[kind]?.split(' ').includes(code),
      );
      if (decimals === undefined) return;
      context.addIssue({
        code: 'custom',
        message: `must be a currency with two decimals, because totals are kept in cents; ${code} has ${decimals}`,
      });
    })
    .default('USD'),
  ID_CASE: oneOf(['upper', 'preserve'], lower).default('upper'),
  MAX_ORDER_ITEMS: whole(1, 100_000).default(1_000),
  MAX_ORDER_VALUE: amount(MOST_ORDER_VALUE).default('1000000000.00'),
  ORDER_ACCEPTS: several(ACCEPTED, lower).default([]),
  SUM_FIELDS: z
    .string()
    .transform((text, context) => {
      const names = text.split(',').map((name) => name.trim());
      const fields = names.map((name) => SUM_FIELD.exec(name));
      const isTwice = new Set(fields.map((field) => field?.[2])).size < fields.length;
      if (isTwice || fields.some((field) => !field || OWN_FIELDS.has(field[2]?.split('.')[0] ?? ''))) {
        context.addIssue({
          code: 'custom',
          message:
            'must be further fields of an order, each once and with a minus when it is taken off, such as tax,shipping,-discount',
        });
        return z.NEVER;
      }
      return fields.map((field) => ({
        path: (field?.[2] ?? '').split('.') as [string, ...string[]],
        sign: field?.[1] === '-' ? (-1 as const) : (1 as const),
      }));
    })
    .default([]),
};

const variables = z.object(orderVariables);

export function orderSettings(env: z.output<typeof variables>) {
  return {
    rules: {
      currency: env.CURRENCY,
      idCase: env.ID_CASE,
      maxItems: env.MAX_ORDER_ITEMS,
      maxOrderValue: env.MAX_ORDER_VALUE,
      accepts: env.ORDER_ACCEPTS,
      sumFields: env.SUM_FIELDS,
    },
  };
}
