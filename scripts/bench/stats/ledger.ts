import { parseArgs } from 'node:util';
import type { Redis } from 'ioredis';
import type { Order } from '../../../src/orders/order.ts';
import { makeRecordOrder } from '../../../src/stats/record/recordOrder.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { usedMemory } from '../support/redisFigures.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { printTable } from '../support/table.ts';

const CHUNK = 2_000;

/**
 * Redis memory per order of the ledger, beside one plain key per order. All orders are of one user and one day, so
 * that what grows is the ledger alone.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { orders: { type: 'string', default: '10000,100000,1000000' } },
  });
  const sizes = values.orders.split(',').map(Number);
  const ledger = await grow(sizes, async (redis) => {
    const [partition] = makePartitions(1).all;
    if (!partition) throw new Error('one partition expected');
    const record = makeRecordOrder(redis, partition, { retentionDays: 35 });
    return async (from, to) => {
      await Promise.all(Array.from({ length: to - from }, (_, i) => record(orderOf(from + i))));
    };
  });
  const plain = await grow(sizes, async (redis) => async (from, to) => {
    const pipe = redis.pipeline();
    for (let i = from; i < to; i += 1) pipe.set(`order:U0001:ORD${i}`, '1');
    await pipe.exec();
  });
  printTable(
    'Ledger: bytes of Redis per order',
    ['orders', 'ledger', 'a key each', 'ratio'],
    sizes.map((size, i) => {
      const [ours = 0, theirs = 0] = [ledger[i], plain[i]];
      return [size.toLocaleString('en-US'), ours.toFixed(1), theirs.toFixed(1), (ours / theirs).toFixed(2)];
    }),
  );
}

async function grow(
  sizes: readonly number[],
  prepare: (redis: Redis) => Promise<(from: number, to: number) => Promise<void>>,
): Promise<number[]> {
  const { client, stop } = await startBenchRedis();
  const fill = await prepare(client);
  // Buffers and the script itself are not the ledger's.
  await fill(0, CHUNK);
  await client.flushall();
  const before = await usedMemory(client);
  const bytes: number[] = [];
  let filled = 0;
  for (const size of sizes) {
    for (; filled < size; filled += CHUNK) await fill(filled, Math.min(filled + CHUNK, size));
    bytes.push(((await usedMemory(client)) - before) / size);
  }
  stop();
  return bytes;
}

function orderOf(index: number): Order {
  return {
    orderId: `ORD${index}`,
    userId: 'U0001',
    minorUnits: 1_000 + (index % 1_000),
    items: [{ productId: 'P', quantity: 1, pricePerUnit: '10' }],
    timestamp: '2025-06-01T12:00:00.000Z',
    placedAt: '2025-06-01T12:00:00.000Z',
    day: '2025-06-01',
    currency: 'USD',
    paymentMethod: undefined,
    shippingAddress: undefined,
    notes: [],
  };
}
