import type { Cluster, Redis } from 'ioredis';
import { readConfig } from '../../../src/config/config.ts';
import { type OrderJob, toOrderJob } from '../../../src/queue/orderJob.ts';
import { openOrderQueues } from '../../../src/queue/orderQueues.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../../src/runtime/limits.ts';
import { queueKey } from '../../../src/store/keys.ts';
import type { Partitions } from '../../../src/store/partitions.ts';

export interface Spread {
  users: number;
  /** Orders arrive about when they are placed, so those in hand together share a day or two. At most 28. */
  days: number;
}

export interface Work extends Spread {
  jobs: number;
  /** The number of the first: orders of another number are other orders. */
  first?: number;
}

/** Puts that many jobs where the bridge would. */
export async function fillQueues(redis: Redis | Cluster, partitions: Partitions, work: Work): Promise<void> {
  const queues = await openOrderQueues(redis, partitions, readConfig({}).jobs, () => {});
  for (let from = 0; from < work.jobs; from += 500) {
    const count = Math.min(500, work.jobs - from);
    const batch = Array.from({ length: count }, (_, i) => jobOf((work.first ?? 0) + from + i, work));
    for (const partition of partitions.all) {
      const own = batch.filter(({ userId }) => partitions.of(userId) === partition);
      if (own.length > 0) await queues.add(partition, own);
    }
  }
  const waiting = await Promise.all(
    partitions.all.map((partition) => redis.llen(queueKey(partition, 'wait'))),
  );
  const total = waiting.reduce((sum, count) => sum + count, 0);
  if (total !== work.jobs) throw new Error(`${total} of ${work.jobs} jobs are waiting`);
  await queues.close();
}

/** The job of one order among many, of two items. */
export function jobOf(
  index: number,
  { users, days }: Spread,
): { id: string; userId: string; data: OrderJob } {
  const id = `message-${index}`;
  const userId = `U${(index * 7_919) % users}`;
  // Orders of one value would tie in every sorted set, and a tie costs Redis more than a difference.
  const quantity = 1 + ((index * 31) % 97);
  const day = String(1 + (index % days)).padStart(2, '0');
  const body = JSON.stringify({
    order_id: `ORD${index}`,
    user_id: userId,
    order_timestamp: `2025-06-${day}T12:00:00Z`,
    order_value: quantity * 200 + 1000,
    items: [
      { product_id: 'P006', quantity, price_per_unit: 200 },
      { product_id: 'P007', quantity: 2, price_per_unit: 500 },
    ],
    shipping_address: `${index} Pine Street, Springfield`,
    payment_method: 'CreditCard',
  });
  const message = { id, sentAt: '2025-06-01T12:00:00.000Z', receiveCount: 1 };
  const data = toOrderJob(body, message, DEFAULT_MAX_BODY_BYTES);
  return { id, userId, data };
}
