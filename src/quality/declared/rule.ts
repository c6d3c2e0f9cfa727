import type { Order } from '../../orders/order.ts';
import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';

/** What a rule says, less the name of the rule. */
export type Said = Omit<Finding, 'rule' | 'version'>;

/** Signs a finding with the check that says it. */
export const signed = ({ id, version }: Pick<Check, 'id' | 'version'>, said: Said): Finding => ({
  rule: id,
  version,
  ...said,
});

export const NOTHING: readonly Finding[] = Object.freeze([]);

/** Where a field of a line stands in the order as it was sent. */
export const linePath = (
  { items }: Order,
  at: number,
  field: 'product_id' | 'quantity' | 'price_per_unit',
): string => `items[${items[at]?.line ?? at}].${field}`;

let last: { text: string; at: number } = { text: '', at: Number.NaN };

/** Ms since 1970. Several rules ask it of one order, one after the other. */
export function instantOf(text: string): number {
  if (last.text !== text) last = { text, at: Date.parse(text) };
  return last.at;
}
