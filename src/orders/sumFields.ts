import Big from 'big.js';
import * as z from 'zod';
import type { Accepted } from './accepts.ts';
import { type Fail, failInto, isMissing, unlessWrongType } from './fieldFaults.ts';
import { decimal, isJsonNumber, MAX_AMOUNT } from './money.ts';

/** A further field of the order that belongs to its sum (SUM_FIELDS): added to the items, or taken off. */
export interface SumField {
  /** From the order inwards: `['tax']`, `['totals', 'shipping']`. */
  path: readonly [string, ...string[]];
  sign: 1 | -1;
}

export const sumFieldName = ({ path, sign }: SumField): string => `${sign < 0 ? '-' : ''}${path.join('.')}`;

/** What the fields that begin with one name add to the sum of the items; a missing one adds nothing. */
export function sumFieldsBelow(fields: readonly SumField[], accepts: ReadonlySet<Accepted>) {
  const read = amountReader(accepts.has('text_value'));
  const loose = accepts.has('loose_optional');
  return z
    .unknown()
    .optional()
    .transform((outer, context): Big => {
      let sum = new Big(0);
      let isKnown = true;
      for (const { path, sign } of fields) {
        const inside = path.slice(1);
        const value = inside.reduce(ownValue, outer);
        if (isMissing(value)) continue;
        const fail = failInto(context, value, inside);
        const amount = loose ? unlessWrongType(read, value, fail) : read(value, fail);
        if (amount === z.NEVER) isKnown = false;
        else if (amount) sum = sum.plus(amount.times(sign));
      }
      return isKnown ? sum : z.NEVER;
    });
}

/** What was sent for a field, wherever it lies. */
export const sentFor = ({ path }: SumField, order: object): unknown => path.reduce<unknown>(ownValue, order);

function ownValue(outer: unknown, name: string): unknown {
  const has = typeof outer === 'object' && outer !== null && Object.hasOwn(outer, name);
  return has ? (outer as Record<string, unknown>)[name] : undefined;
}

/** May be negative, as discounts often are: the comparison with order_value judges the whole. */
export function amountReader(textToo: boolean) {
  return (value: unknown, fail: Fail): Big => {
    if (typeof value === 'string' && !textToo) return fail('wrong_type', 'must be a JSON number', 'number');
    const amount = decimal(value);
    if (!amount && !isJsonNumber(value)) return fail('wrong_type', 'must be a number', 'number');
    if (!amount || amount.abs().gt(MAX_AMOUNT)) {
      return fail('out_of_range', `must be at most ${MAX_AMOUNT}`, `-${MAX_AMOUNT} to ${MAX_AMOUNT}`);
    }
    return amount;
  };
}
