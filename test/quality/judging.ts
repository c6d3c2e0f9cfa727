import type { Order } from '../../src/orders/order.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import type { Check, Circumstances } from '../../src/quality/check.ts';
import { declaredChecks } from '../../src/quality/declared/declaredChecks.ts';
import type { Finding } from '../../src/quality/finding.ts';
import { makeReviewer } from '../../src/quality/review.ts';
import { anOrder, RULES } from '../support/orders.ts';

export const NOW = Date.parse('2026-06-20T12:00:00Z');
export const RECEIVED_AT = new Date(NOW).toISOString();
export const parse = makeParseOrder(RULES);

/** An order that is right by the rules, with what a test wants to differ. */
export const anOrderOf = (changes: Record<string, unknown> = {}): Order =>
  parse(anOrder({ order_timestamp: '2026-06-20T11:00:00Z', ...changes }), RECEIVED_AT);

/** Lines of `[product, quantity, price]`, and the total that they make. */
export function withLines(...lines: [string, number, number][]): Record<string, unknown> {
  const cents = lines.reduce((sum, [, quantity, price]) => sum + Math.round(quantity * price * 100), 0);
  return {
    order_value: cents / 100,
    items: lines.map(([product_id, quantity, price_per_unit]) => ({ product_id, quantity, price_per_unit })),
  };
}

/** A review by new checks, which remember what this one was shown. */
export function newReview(checks: readonly Check[] = declaredChecks().checks) {
  const reviewer = makeReviewer(checks);
  const review = (order: Order, circumstances: Partial<Circumstances> = {}): readonly Finding[] =>
    reviewer.review(order, { now: NOW, ...circumstances });
  return {
    review,
    learn: (order: Order) => reviewer.learn(order, [], { now: NOW }),
    /** As the worker does it. */
    count(order: Order): readonly Finding[] {
      const findings = review(order);
      reviewer.learn(order, findings, { now: NOW });
      return findings;
    },
    faults: reviewer.faults,
    reviewer,
  };
}

export const rulesOf = (findings: readonly Finding[]): string[] => findings.map(({ rule }) => rule);
