import Big from 'big.js';
import * as z from 'zod';
import { field, optional } from './fieldFaults.ts';
import {
  readAmount,
  readCurrency,
  readId,
  readList,
  readOrderValue,
  readPaymentMethod,
  readQuantity,
  readText,
  readTimestamp,
} from './fields.ts';
import { formatMinorUnits, MAX_AMOUNT, roundToMinorUnits } from './money.ts';
import type { OrderRules } from './order.ts';
import { type SumField, sumFieldName, sumFieldsBelow } from './sumFields.ts';

/** The rules of every field, and of the sum over them. */
export function orderSchema(rules: OrderRules) {
  const accepts = new Set(rules.accepts);
  const loose = accepts.has('loose_optional');
  const item = z.object({
    product_id: field((value, fail) => readId(value, 'preserve', fail)),
    quantity: field((value, fail) => readQuantity(value, accepts, fail)),
    price_per_unit: field((value, fail) => readAmount(value, MAX_AMOUNT, fail)),
  });
  const order = {
    order_id: field((value, fail) => readId(value, rules.idCase, fail)),
    user_id: field((value, fail) => readId(value, rules.idCase, fail)),
    order_value: field((value, fail) => readOrderValue(value, rules.maxOrderValue, accepts, fail)),
    items: field((value, fail) => readList(value, rules.maxItems, fail)).pipe(z.array(item)),
    order_timestamp: optional(loose, (value, fail) => readTimestamp(value, accepts, fail)),
    currency: optional(loose, (value, fail) => readCurrency(value, rules.currency, fail)),
    payment_method: optional(loose, (value, fail) => readPaymentMethod(value, fail)),
    shipping_address: optional(loose, (value, fail) => readText(value, fail, { personal: true })),
  };
  const sums = Object.fromEntries(
    sumNames(rules.sumFields).map((name) => {
      const below = rules.sumFields.filter(({ path }) => path[0] === name);
      return [name, sumFieldsBelow(below, accepts)];
    }),
  );
  const summed = z
    .object({ ...order, ...(sums as object) })
    .superRefine(checkSum(rules.sumFields), { when: () => true });
  return accepts.has('zero_quantity') ? summed.superRefine(checkLines, { when: () => true }) : summed;
}

const sumNames = (fields: readonly SumField[]): string[] => [...new Set(fields.map(({ path }) => path[0]))];

interface ReadLine {
  quantity: number;
  price_per_unit: Big;
}

/** Lines of quantity 0 are dropped: something has to be left. */
function checkLines(order: { items: unknown }, context: z.RefinementCtx): void {
  if (!areRead(order?.items) || order.items.some(({ quantity }) => quantity !== 0)) return;
  context.addIssue({
    code: 'custom',
    path: ['items'],
    message: 'has only lines of quantity 0',
    params: { reason: 'no_items', expected: '≥ 1 item' },
  });
}

/**
 * Runs even when other fields are wrong (`when`), so that a mismatch is reported together with them; hence the
 * look at what really got read before adding up.
 */
function checkSum(fields: readonly SumField[]) {
  const names = sumNames(fields);
  const parts = ['its items', ...fields.map(sumFieldName)].join(', ');
  return (order: { order_value: unknown; items: unknown }, context: z.RefinementCtx): void => {
    if (!(order?.order_value instanceof Big) || !areRead(order.items)) return;
    const further = names.map((name) => (order as Record<string, unknown>)[name]);
    if (!further.every((sum) => sum instanceof Big)) return;
    const ofItems = order.items.map((item) => item.price_per_unit.times(item.quantity));
    const sum = [...ofItems, ...further].reduce((total, part) => total.plus(part), ZERO);
    const statedUnits = roundToMinorUnits(order.order_value);
    const computedUnits = roundToMinorUnits(sum);
    if (statedUnits.eq(computedUnits)) return;
    const stated = formatMinorUnits(statedUnits);
    const computed = formatMinorUnits(computedUnits);
    context.addIssue({
      code: 'custom',
      path: ['order_value'],
      message: `order_value is ${stated} but ${parts} add up to ${computed}`,
      params: { reason: 'order_value_mismatch', expected: computed, received: stated },
    });
  };
}

const ZERO = new Big(0);

function areRead(items: unknown): items is ReadLine[] {
  return (
    Array.isArray(items) &&
    items.length > 0 &&
    items.every((item) => item?.price_per_unit instanceof Big && typeof item.quantity === 'number')
  );
}
