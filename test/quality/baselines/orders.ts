import type { Order } from '../../../src/orders/order.ts';
import type { Check } from '../../../src/quality/check.ts';
import type { Finding } from '../../../src/quality/finding.ts';

interface Line {
  product?: string;
  price?: number;
  quantity?: number;
}

export interface Wanted {
  order?: string;
  user?: string;
  lines?: Line[];
  payment?: string | undefined;
  address?: string | undefined;
  placedAt?: string;
}

let made = 0;

/** An order as the worker has parsed it, ordinary where nothing else is wanted. */
export function orderOf(wanted: Wanted = {}): Order {
  made += 1;
  const { order = String(100_000 + made), user = `U${10 + (made % 40)}`, lines = [{}] } = wanted;
  const { placedAt = '2026-03-01T12:00:00.000Z' } = wanted;
  const items = lines.map(({ product = 'P100', price = 2.5, quantity = 6 }) => ({
    productId: product,
    quantity,
    pricePerUnit: String(price),
  }));
  return {
    orderId: order,
    userId: user,
    minorUnits: Math.round(
      items.reduce((sum, { quantity, pricePerUnit }) => sum + 100 * quantity * Number(pricePerUnit), 0),
    ),
    items,
    timestamp: placedAt,
    placedAt,
    day: placedAt.slice(0, 10),
    currency: 'USD',
    paymentMethod: 'payment' in wanted ? wanted.payment : 'PAYPAL',
    shippingAddress: 'address' in wanted ? wanted.address : '1 High Street, Leeds, West Yorkshire',
    notes: [],
  };
}

export const NOW = Date.parse('2026-03-01T12:05:00.000Z');

/** What the checks say of an order, and what they learn of it where it counts. */
export function reviewing(checks: readonly Check[]) {
  const judge = (order: Order, now = NOW): Finding[] =>
    checks.flatMap((check) => check.judge(order, { now }));
  return {
    judge,
    rules: (order: Order, now = NOW) => judge(order, now).map(({ rule }) => rule),
    count(order: Order, now = NOW): Finding[] {
      const findings = judge(order, now);
      for (const check of checks) check.learn?.(order, findings, { now });
      return findings;
    },
  };
}
