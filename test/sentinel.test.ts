import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster, Redis } from 'ioredis';
import { openRedis } from '../src/cli/kit/withRedis.ts';
import { expectMessage, expectNothing, refusedCount } from '../src/cli/send/expected.ts';
import { generate } from '../src/cli/send/generate.ts';
import { readConfig } from '../src/config/config.ts';
import { CONNECTION_NAME, closeRedis, connectRedis } from '../src/store/connections.ts';
import { chooseDurability } from '../src/store/durability.ts';
import type { RedisTarget } from '../src/store/redisTarget.ts';
import { masterOf } from '../src/store/sentinelConnector.ts';
import { collectingLogger } from './support/collectingLogger.ts';
import { startPipeline, type TestPipeline } from './support/pipeline.ts';
import { MASTER_NAME, startSentinels, type TestSentinels } from './support/sentinels.ts';
import { until } from './support/until.ts';

describe('on a Redis that sentinels watch, with two replicas', () => {
  let sentinels: TestSentinels;
  let connection: Cluster | Redis;
  let pipeline: TestPipeline;
  let env: Record<string, string>;
  const log = collectingLogger();
  const sent = expectNothing();

  beforeAll(async () => {
    sentinels = await startSentinels();
    env = { REDIS_URL: '', REDIS_SENTINELS: sentinels.list, REDIS_SENTINEL_NAME: MASTER_NAME };
    connection = connectRedis(readConfig(env).redis as RedisTarget, 'patient', { onError: () => {} });
    pipeline = await startPipeline(
      { ...env, JOB_LOCK_MS: '3000', JOB_ATTEMPTS: '50', SQS_WAIT_SECONDS: '1', COMPLETED_KEEP: '100000' },
      { connection, redis: sentinels.servers[0] as never, logger: log.logger },
    );
  });
  afterAll(async () => {
    await pipeline?.stop();
    if (connection) closeRedis(connection);
    await sentinels?.stop();
    log.logger.close();
  });

  /** Some of it is invalid, some comes twice. */
  function orders(count: number, seed: number): string[] {
    const messages = generate({
      count,
      invalid: 0.05,
      duplicates: 0.1,
      users: 40,
      seed,
      until: '2026-01-01',
    });
    return [...messages].map((message) => {
      expectMessage(sent, message);
      return message.body;
    });
  }

  async function everyOrderCountsOnce(): Promise<void> {
    await pipeline.settled();
    // What was seen may have been on a server that leads no more: what a replica had not got is worked on again.
    await until(
      async () =>
        masterOf(connection as Redis)?.port === (await sentinels.master()).port &&
        (await pipeline.failed()).length === refusedCount(sent) &&
        (await pipeline.json('/stats/global')).total_orders === sent.counted.orders,
      'every order has ended on the server that leads',
    );
    expect(await pipeline.json('/stats/global')).toMatchObject({
      total_orders: sent.counted.orders,
      total_revenue: sent.counted.cents / 100,
    });
    expect(await pipeline.failed()).toHaveLength(refusedCount(sent));
  }

  /** Connections of the product to servers that do not lead, but for replication. */
  async function connectionsElsewhere(): Promise<string[]> {
    const master = await sentinels.master();
    const others = sentinels.servers.filter((server) => server !== master);
    const lists = await Promise.all(others.map((server) => server.client().client('LIST')));
    return lists.flatMap((list) =>
      String(list)
        .split('\n')
        .filter((line) => line.includes(`name=${CONNECTION_NAME}`)),
    );
  }

  it('an order leaves SQS when a replica has it, unless somebody decides otherwise', async () => {
    const lines = log.lines.map((line) => JSON.parse(line));
    expect(lines.find(({ message }) => message === 'durability')).toMatchObject({
      jobs_are_safe_in: 'replicas:1',
      because: expect.stringContaining('sentinels are set'),
    });
    expect(lines.find(({ message }) => message === 'Redis')).toMatchObject({
      at: `${MASTER_NAME} of the sentinels ${sentinels.list}`,
    });
    const redis = sentinels.servers[0]?.client() as Redis;
    const toConfirm = async () => 2;
    for (const level of ['memory', 'fsync'] as const) {
      if (level === 'fsync') await redis.config('SET', 'appendfsync', 'always', 'appendonly', 'yes');
      const { warning } = await chooseDurability(redis, level, toConfirm);
      expect(warning).toContain('a failover loses acknowledged orders');
    }
    await redis.config('SET', 'appendonly', 'no');
    expect((await chooseDurability(redis, 'replicas:1', toConfirm)).warning).toBeUndefined();
    await expect(chooseDurability(redis, 'replicas:3', toConfirm)).rejects.toThrow(
      'has 2 connected replicas',
    );
  });

  it('every order counts once when the master is killed under load', async () => {
    const bodies = orders(400, 1);
    const master = await sentinels.master();
    await pipeline.send(...bodies.slice(0, 200));
    await sentinels.kill(master);
    await pipeline.send(...bodies.slice(200));
    await until(async () => (await sentinels.master()) !== master, 'a replica has taken over');
    await everyOrderCountsOnce();
    // It comes back without data, as a master, until the sentinels tell it otherwise.
    await sentinels.restart(master);
    await sentinels.untilWhole();
    expect(await connectionsElsewhere()).toEqual([]);
  });

  it('every order counts once over a failover that was asked for under load', async () => {
    const bodies = orders(400, 2);
    await pipeline.send(...bodies.slice(0, 200));
    const sending = pipeline.send(...bodies.slice(200));
    await sentinels.failover();
    await sending;
    await everyOrderCountsOnce();
    await sentinels.untilWhole();
    expect(await connectionsElsewhere()).toEqual([]);
  });

  it('every order counts once while a master that hangs, and was replaced, keeps its connections', async () => {
    const bodies = orders(400, 3);
    const master = await sentinels.master();
    await pipeline.send(...bodies.slice(0, 200));
    process.kill(master.pid, 'SIGSTOP');
    try {
      await pipeline.send(...bodies.slice(200));
      await until(async () => (await sentinels.master()) !== master, 'a replica has taken over');
      await everyOrderCountsOnce();
    } finally {
      process.kill(master.pid, 'SIGCONT');
    }
    await until(async () => (await connectionsElsewhere()).length === 0, 'nobody talks to it any more');
  });

  it('operators reach the same Redis', async () => {
    const open = await openRedis(readConfig(env));
    try {
      expect(open.at).toContain('of the sentinels');
      expect(await open.redis.get('order-pipeline:partitions')).toBe('1');
    } finally {
      await open.close();
    }
  });
});
