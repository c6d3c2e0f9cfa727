import { type OrderJob, toOrderJob } from '../../../src/queue/orderJob.ts';

export interface Spread {
  users: number;
  /** Orders arrive about when they are placed, so those in hand together share a day or two. At most 28. */
  days: number;
}

/** The job of one order among many, of two items. */
export function jobOf(
  index: number,
  { users, days }: Spread,
): { id: string; userId: string; data: OrderJob } {
  const id = `message-${index}`;
  const userId = `U${(index * 7_919) % users}`;
  const day = String(1 + (index % days)).padStart(2, '0');
  const body = JSON.stringify({
    order_id: `ORD${index}`,
    user_id: userId,
    order_timestamp: `2025-06-${day}T12:00:00Z`,
    order_value: 2000,
    items: [
      { product_id: 'P006', quantity: 5, price_per_unit: 200 },
      { product_id: 'P007', quantity: 2, price_per_unit: 500 },
    ],
    shipping_address: `${index} Pine Street, Springfield`,
    payment_method: 'CreditCard',
  });
  const data = toOrderJob(body, { id, sentAt: '2025-06-01T12:00:00.000Z', receiveCount: 1 });
  return { id, userId, data };
}
