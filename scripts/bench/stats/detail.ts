import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import type { Order } from '../../../src/orders/order.ts';
import { makeRecordOrder } from '../../../src/stats/record/recordOrder.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { statsKeys } from '../../../src/store/statsKeys.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { printTable } from '../support/table.ts';

const CHUNK = 2_000;
const DAY = '2025-06-01';

/**
 * What it costs Redis to know each user's spend and orders of a day: MEMORY USAGE of the two keys of one day, with
 * an order from each of so many users, whose ids have ten characters. A month's keys are the same kind.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { users: { type: 'string', default: '100,10000,100000' } },
  });
  const { client, stop } = await startBenchRedis();
  const [partition] = makePartitions(1).all;
  if (!partition) throw new Error('one partition expected');
  const keys = statsKeys(partition);
  const rows: string[][] = [];
  for (const users of values.users.split(',').map(Number)) {
    await client.flushall();
    const record = makeRecordOrder(client, partition, { retentionDays: 35 });
    for (let from = 0; from < users; from += CHUNK) {
      const count = Math.min(CHUNK, users - from);
      await Promise.all(Array.from({ length: count }, (_, i) => record(orderOf(from + i))));
    }
    const spend = (await memoryUsage(client, keys.spend(DAY))) / users;
    const counts = (await memoryUsage(client, keys.counts(DAY))) / users;
    rows.push([
      users.toLocaleString('en-US'),
      spend.toFixed(1),
      counts.toFixed(1),
      (spend + counts).toFixed(1),
    ]);
  }
  stop();
  printTable('Detail: bytes of Redis per user and day', ['users', 'spend', 'orders', 'together'], rows);
}

async function memoryUsage(redis: Redis, key: string): Promise<number> {
  return Number(await redis.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'));
}

function orderOf(index: number): Order {
  return {
    orderId: `ORD${index}`,
    userId: `CUST${String(index).padStart(6, '0')}`,
    minorUnits: 1_000 + ((index * 7_919) % 100_000),
    items: [{ productId: 'P', quantity: 1, pricePerUnit: '10' }],
    timestamp: `${DAY}T12:00:00.000Z`,
    placedAt: `${DAY}T12:00:00.000Z`,
    day: DAY,
    currency: 'USD',
    paymentMethod: undefined,
    shippingAddress: undefined,
    notes: [],
  };
}
