import type { Cluster, Redis } from 'ioredis';
import type { Order } from '../../src/orders/order.ts';
import { makeRecordOrder, type RecordOrder } from '../../src/stats/record/recordOrder.ts';
import type { Partitions } from '../../src/store/partitions.ts';

/** An order as `parse` hands it over. Another value makes another digest, as it does in life. */
export function order(changes: Partial<Order> = {}): Order {
  const minorUnits = changes.minorUnits ?? 1_000;
  const day = changes.day ?? '2025-01-15';
  return {
    orderId: 'O1',
    userId: 'U1',
    minorUnits,
    items: [{ productId: 'P1', quantity: 1, pricePerUnit: String(minorUnits / 100) }],
    timestamp: `${day}T12:00:00.000Z`,
    placedAt: `${day}T12:00:00.000Z`,
    day,
    currency: 'USD',
    paymentMethod: undefined,
    shippingAddress: undefined,
    notes: [],
    ...changes,
  };
}

/** Records each order in its user's partition, as the workers do. */
export function recorder(redis: Redis | Cluster, partitions: Partitions, retentionDays = 35): RecordOrder {
  const records = partitions.all.map((partition) => makeRecordOrder(redis, partition, { retentionDays }));
  return (one) => (records[partitions.of(one.userId).index] as RecordOrder)(one);
}

/** How each of a batch ended: its outcome, or the error's message. */
export async function endings(record: RecordOrder, batch: readonly Order[]): Promise<string[]> {
  const settled = await Promise.allSettled(batch.map((each) => record(each)));
  return settled.map((one) =>
    one.status === 'fulfilled' ? one.value.outcome : `rejected: ${(one.reason as Error).message}`,
  );
}

/** Everything in this Redis, byte for byte. */
export async function everything(redis: Redis): Promise<Record<string, string>> {
  const keys = (await redis.keys('*')).sort();
  const dumps = await Promise.all(
    keys.map(async (key) => {
      if ((await redis.type(key)) !== 'hash') return redis.dumpBuffer(key);
      // A large one changes its order by itself.
      const flat = (await redis.callBuffer('HGETALL', key)) as Buffer[];
      const fields = flat.flatMap((field, at) =>
        at % 2 === 0 ? [`${field.toString('hex')}=${flat[at + 1]?.toString('hex')}`] : [],
      );
      return fields.sort().join();
    }),
  );
  return Object.fromEntries(keys.map((key, index) => [key, dumps[index]?.toString('hex') ?? 'gone']));
}
