import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run as repartitionCommand } from '../../src/cli/repartition/run.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { runCommand } from './verifyCommand.ts';

const ORDERS = Array.from({ length: 60 }, (_, index) =>
  anOrder({
    order_id: `O${index}`,
    user_id: `u${index % 25}`,
    order_timestamp: `2025-0${1 + (index % 3)}-15`,
  }),
);
const INVALID = Array.from({ length: 12 }, (_, index) =>
  anOrder({ order_id: `BAD${index}`, user_id: `u${index}`, order_value: 1 }),
);
const PATHS = [
  '/stats/global',
  '/stats/top-spenders?limit=30',
  '/stats/top-buyers?limit=30',
  '/stats/by-date?start_date=2025-01-01&end_date=2025-02-20',
  '/users/u7/stats',
];

describe('the product, stopped and started with more partitions', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());

  it('shows the same, knows its orders again, and repairs failed ones', async () => {
    const small = await startPipeline({}, { redis });
    await small.send(...ORDERS, ...INVALID);
    await small.settled();
    const before = await Promise.all(PATHS.map((path) => small.json(path)));
    await small.stop();

    const { code, stderr } = await runCommand(repartitionCommand, '--to 8', { REDIS_URL: redis.url });
    expect({ code, stderr }).toMatchObject({ code: 0 });

    const large = await startPipeline({ PARTITIONS: '8' }, { redis });
    expect(await Promise.all(PATHS.map((path) => large.json(path)))).toEqual(before);
    const failed = await large.failed();
    expect(failed.map(({ data }) => (data.order as { order_id: string }).order_id).sort()).toEqual(
      INVALID.map(({ order_id }) => order_id).sort(),
    );
    expect(failed.every(({ failedReason }) => failedReason?.startsWith('order_value_mismatch'))).toBe(true);

    await large.send(...ORDERS);
    for (const job of failed) {
      await job.updateData({ ...job.data, order: { ...(job.data.order as object), order_value: 2000 } });
      await job.retry();
    }
    await large.ended(ORDERS.length + INVALID.length);
    const { total_orders } = await large.json<{ total_orders: number }>('/stats/global');
    expect(total_orders).toBe(ORDERS.length + INVALID.length);
    expect(await large.failed()).toEqual([]);
    await large.stop();
  });
});
