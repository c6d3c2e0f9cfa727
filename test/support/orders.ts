import { readConfig } from '../../src/config/config.ts';
import type { OrderRules } from '../../src/orders/order.ts';

/** The rules of an order when nothing is configured. */
export const RULES: OrderRules = readConfig({}).rules;

/** An order that counts, with what a test wants to differ. */
export function anOrder(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    order_id: 'ORD1237',
    user_id: 'U0001',
    order_timestamp: '2024-12-16T13:00:00Z',
    order_value: 2000,
    items: [
      { product_id: 'P006', quantity: 5, price_per_unit: 200.0 },
      { product_id: 'P007', quantity: 2, price_per_unit: 500.0 },
    ],
    shipping_address: '321 Pine St, Springfield',
    payment_method: 'CreditCard',
    ...changes,
  };
}
