import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { claimPartitions } from '../../src/store/claims.ts';
import { PARTITIONS_KEY } from '../../src/store/keys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

describe('the number of partitions', () => {
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => redis.client().flushall());

  it('is recorded at the first start and taken again at the next', async () => {
    await claimPartitions(redis.client(), 4);
    await claimPartitions(redis.client(), 4);
    expect(await redis.client().get(PARTITIONS_KEY)).toBe('4');
    expect(await redis.client().ttl(PARTITIONS_KEY)).toBe(-1);
  });

  it.each([1, 8])('is refused as %d later, saying what to do, and stays recorded', async (count) => {
    await claimPartitions(redis.client(), 4);
    await expect(claimPartitions(redis.client(), count)).rejects.toThrow(
      new RegExp(`^PARTITIONS is ${count}, but .* started with 4\\..* PARTITIONS=4`),
    );
    expect(await redis.client().get(PARTITIONS_KEY)).toBe('4');
  });

  it('is refused while it is being changed, saying how to end that', async () => {
    await redis.client().set(PARTITIONS_KEY, '1 to 4');
    for (const count of [1, 4]) {
      await expect(claimPartitions(redis.client(), count)).rejects.toThrow(
        /being changed from 1 to 4: run order-pipeline repartition --to 4 .* --cancel/,
      );
    }
  });

  it('is one number even when many processes start at once with different ones', async () => {
    const counts = Array.from({ length: 40 }, (_, index) => (index % 4) + 1);
    const claims = await Promise.allSettled(counts.map((count) => claimPartitions(redis.client(), count)));
    const agreed = new Set(counts.filter((_, index) => claims[index]?.status === 'fulfilled'));
    expect([...agreed]).toEqual([Number(await redis.client().get(PARTITIONS_KEY))]);
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });
});
