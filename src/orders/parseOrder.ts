import type Big from 'big.js';
import { fromZod, issue, kindOf } from './fieldFaults.ts';
import { InvalidOrder } from './invalidOrder.ts';
import { roundToMinorUnits } from './money.ts';
import { noteTaker } from './notes.ts';
import type { Order, OrderItem, OrderRules } from './order.ts';
import { orderSchema } from './orderSchema.ts';
import { dayOf } from './timestamp.ts';

/**
 * `value`: what was sent, with an ExactNumber wherever a double would have lost digits. `receivedAt` (ISO, UTC) dates
 * an order that has no timestamp of its own.
 */
export type ParseOrder = (value: unknown, receivedAt: string) => Order;

/**
 * Makes the parser for one set of rules. It throws InvalidOrder with every issue found, not the first: an
 * operator who repairs an order should have to do it once.
 */
export function makeParseOrder(rules: OrderRules): ParseOrder {
  const schema = orderSchema(rules);
  const notesOn = noteTaker(rules);
  return (value, receivedAt) => {
    if (kindOf(value) !== 'object') {
      throw new InvalidOrder([
        issue('not_an_object', 'an order must be a JSON object', {
          expected: 'object',
          received: kindOf(value),
        }),
      ]);
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw new InvalidOrder(parsed.error.issues.map(fromZod));
    const fields = parsed.data;
    const placedAt = fields.order_timestamp ?? receivedAt;
    return {
      orderId: fields.order_id,
      userId: fields.user_id,
      minorUnits: roundToMinorUnits(fields.order_value).toNumber(),
      items: countedLines(fields.items),
      timestamp: fields.order_timestamp,
      placedAt,
      day: dayOf(placedAt),
      currency: fields.currency ?? rules.currency,
      paymentMethod: fields.payment_method,
      shippingAddress: fields.shipping_address,
      notes: notesOn(value as object, fields),
    };
  };
}

/** A line of quantity 0 says that nothing was bought of it. */
function countedLines(lines: readonly ReadLine[]): OrderItem[] {
  const items: OrderItem[] = [];
  for (const [line, { product_id, quantity, price_per_unit }] of lines.entries()) {
    if (quantity === 0) continue;
    const item: OrderItem = { productId: product_id, quantity, pricePerUnit: price_per_unit.toString() };
    if (line !== items.length) item.line = line;
    items.push(item);
  }
  return items;
}

interface ReadLine {
  product_id: string;
  quantity: number;
  price_per_unit: Big;
}
