import * as z from 'zod';
import { isMissing, kindOf, unlessWrongType } from './fieldFaults.ts';
import type { OrderRules } from './order.ts';
import { amountReader, sentFor } from './sumFields.ts';

const OPTIONAL = ['order_timestamp', 'currency', 'payment_method', 'shipping_address'] as const;

/** Where optional fields are loose: what was sent and what was read of it, the order being a good one. */
export type TakeNotes = (
  sent: object,
  read: Partial<Record<(typeof OPTIONAL)[number], unknown>>,
) => readonly string[];

/**
 * Notes what was taken for missing although something was sent, a sentence each. Values are named by their kind only:
 * an address may be among them.
 */
export function noteTaker({ sumFields, accepts }: Pick<OrderRules, 'sumFields' | 'accepts'>): TakeNotes {
  if (!accepts.includes('loose_optional')) return () => NOTHING;
  const readAmount = amountReader(accepts.includes('text_value'));
  const isAmount = (value: unknown) => unlessWrongType(readAmount, value, () => z.NEVER) !== undefined;
  return (sent, read) => {
    const fields = OPTIONAL.map((name) => ({
      name: name as string,
      value: (sent as Record<string, unknown>)[name],
      isRead: read[name] !== undefined,
    }));
    const further = sumFields.map((field) => {
      const value = sentFor(field, sent);
      return { name: field.path.join('.'), value, isRead: isAmount(value) };
    });
    return [...fields, ...further]
      .filter(({ value, isRead }) => !isRead && !isMissing(value))
      .map(({ name, value }) => `${name} counts as missing: ${whatIs(value)}`);
  };
}

const NOTHING: readonly string[] = Object.freeze([]);

const whatIs = (value: unknown): string =>
  typeof value === 'string' && value.trim() === '' ? 'it is blank' : `it is of type ${kindOf(value)}`;
