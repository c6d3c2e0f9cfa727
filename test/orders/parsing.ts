import { InvalidOrder, type Issue } from '../../src/orders/invalidOrder.ts';
import type { Order, OrderRules } from '../../src/orders/order.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { anOrder, RULES } from '../support/orders.ts';

export const RECEIVED_AT = '2025-03-04T05:06:07.000Z';

/** The order that counts, with `changes`, as the worker sees it. */
export function parsed(changes: Record<string, unknown> = {}, rules: Partial<OrderRules> = {}): Order {
  return parsedValue(anOrder(changes), rules);
}

export function parsedValue(value: unknown, rules: Partial<OrderRules> = {}): Order {
  return makeParseOrder({ ...RULES, ...rules })(value, RECEIVED_AT);
}

export function refused(
  changes: Record<string, unknown> = {},
  rules: Partial<OrderRules> = {},
): InvalidOrder {
  return refusedValue(anOrder(changes), rules);
}

export function refusedValue(value: unknown, rules: Partial<OrderRules> = {}): InvalidOrder {
  try {
    parsedValue(value, rules);
  } catch (error) {
    if (error instanceof InvalidOrder) return error;
    throw error;
  }
  throw new Error('the order was taken, a refusal was expected');
}

/** `code at path` of every issue, in order: what an operator groups by. */
export function issuesOf(changes: Record<string, unknown>, rules: Partial<OrderRules> = {}): string[] {
  return refused(changes, rules).issues.map(where);
}

export const where = ({ code, path }: Issue): string => `${code} at ${path}`;

/** Replaces the items by one, and the total to match unless given. */
export function oneItem(item: Record<string, unknown>, orderValue: unknown): Record<string, unknown> {
  return { order_value: orderValue, items: [{ product_id: 'P1', quantity: 1, price_per_unit: 1, ...item }] };
}
