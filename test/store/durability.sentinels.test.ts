import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { readConfig } from '../../src/config/config.ts';
import { closeRedis, connectRedis, untilReady } from '../../src/store/connections.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import type { SentinelTarget } from '../../src/store/redisTarget.ts';
import { replicasToConfirm } from '../../src/store/replicasToConfirm.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { MASTER_NAME, REPLICATION, startSentinel, type TestSentinel } from '../support/sentinels.ts';
import { until } from '../support/until.ts';

describe('a master that another one has replaced, and that does not know it yet', () => {
  const servers: TestRedis[] = [];
  let sentinel: TestSentinel;
  let redis: Redis;
  let target: SentinelTarget;
  beforeAll(async () => {
    const master = await startTestRedis(REPLICATION);
    servers.push(master);
    for (let count = 0; count < 2; count++)
      servers.push(await startTestRedis([...REPLICATION, '--replicaof', '127.0.0.1', String(master.port)]));
    sentinel = await startSentinel(master.port, 1);
    target = readConfig({
      REDIS_SENTINELS: `127.0.0.1:${sentinel.port}`,
      REDIS_SENTINEL_NAME: MASTER_NAME,
    }).redis as SentinelTarget;
    redis = connectRedis(target, 'patient', { onError: () => {} }) as Redis;
    await untilReady(redis);
    const toConfirm = replicasToConfirm(target);
    await until(async () => (await toConfirm(redis)) === 2, 'the sentinel knows both replicas');
  });
  afterAll(async () => {
    if (redis) closeRedis(redis);
    await sentinel?.stop();
    await Promise.all(servers.map((server) => server.stop()));
  });

  /** By somebody who asks the sentinels now. */
  async function confirmed(key: string): Promise<void> {
    const durability = await chooseDurability(redis, undefined, replicasToConfirm(target));
    await redis.set(key, 1);
    await durability.confirm(redis);
  }

  it('confirms nothing, although a replica still follows it and has what was written', async () => {
    const [, promoted, follower] = servers as [TestRedis, TestRedis, TestRedis];
    await expect(confirmed('before')).resolves.toBeUndefined();

    await promoted.client().replicaof('NO', 'ONE');
    await sentinel.client.call('SENTINEL', 'REMOVE', MASTER_NAME);
    await sentinel.client.call('SENTINEL', 'MONITOR', MASTER_NAME, '127.0.0.1', promoted.port, 1);
    await expect(confirmed('after')).rejects.toThrow(/is not the master any more|lost|closed|replicas/);
    await until(
      async () => (await follower.client().get('after')) === '1',
      'the other replica follows it still',
    );
  });
});
