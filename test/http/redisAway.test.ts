import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import type { Cluster, Redis } from 'ioredis';
import { problems } from '../../src/http/transport/problem.ts';
import { type HttpServer, startHttpServer } from '../../src/http/transport/server.ts';
import { connectRedis, untilReady } from '../../src/store/connections.ts';
import type { RedisTarget } from '../../src/store/redisTarget.ts';
import { silentLogger } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

/** Serves `/` by one command to Redis; what that throws becomes a problem as everywhere. */
async function served(run: () => Promise<unknown>): Promise<HttpServer> {
  const app = express();
  app.get('/', async (_request, response) => {
    response.json(await run());
  });
  app.use(problems(silentLogger()));
  return startHttpServer(app, { host: '127.0.0.1', port: 0 });
}

async function answer({ url }: HttpServer): Promise<{ status: number; type?: string }> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  const { type } = ((await response.json()) ?? {}) as { type?: string };
  return { status: response.status, ...(type ? { type } : {}) };
}

const AWAY = { status: 503, type: '/problems/redis-unavailable' };

describe('a Redis Cluster', () => {
  let node: TestRedis;
  beforeAll(async () => {
    node = await startTestRedis(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1']);
    await node.client().call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
  });
  afterAll(() => node.stop());

  const open = (): Cluster => {
    const { host, port } = node;
    const target: RedisTarget = { kind: 'cluster', nodes: [{ host, port }], tls: false };
    return connectRedis(target, 'fail_fast', { onError: () => {} }) as Cluster;
  };

  it('that is away is a 503, whether it was there before or not', async () => {
    const before = open();
    const servers = [await served(() => before.get('key'))];
    await until(async () => (await answer(servers[0] as HttpServer)).status === 200, 'the cluster answers');
    await node.stop();
    const after = open();
    servers.push(await served(() => after.get('key')));
    for (const server of servers) {
      for (let i = 0; i < 20; i += 1) expect(await answer(server)).toEqual(AWAY);
    }
    for (const redis of [before, after]) redis.disconnect();
    for (const server of servers) await server.stop();
  });
});

describe('a Redis that cannot do what it is there for', () => {
  let store: TestRedis;
  let redis: Redis;
  let observer: Redis;
  beforeEach(async () => {
    store = await startTestRedis();
    const { host, port } = store;
    redis = connectRedis({ kind: 'server', host, port, tls: false }, 'fail_fast', {
      onError: () => {},
    }) as Redis;
    await untilReady(redis);
    observer = store.client();
  });
  afterEach(async () => {
    redis.disconnect();
    await store.stop();
  });

  async function refused(code: RegExp, run: () => Promise<unknown>): Promise<void> {
    const server = await served(run);
    await until(
      () => run().then(undefined, (error: Error) => code.test(error.message)),
      `Redis says ${code}`,
    );
    expect(await answer(server)).toEqual(AWAY);
    await server.stop();
  }

  it('because it waits for a replica is a 503', async () => {
    await observer.config('SET', 'min-replicas-to-write', '1');
    await refused(/^NOREPLICAS/, () => redis.set('key', 'value'));
  });

  it('because it has become a replica is a 503', async () => {
    await observer.replicaof('127.0.0.1', 1);
    await refused(/^READONLY/, () => redis.set('key', 'value'));
  });

  it('because a script holds it up is a 503', async () => {
    await observer.config('SET', 'lua-time-limit', '1');
    const script = store.client().eval('while true do end', 0);
    const killed = expect(script).rejects.toThrow('killed');
    await refused(/^BUSY/, () => redis.get('key'));
    await observer.script('KILL');
    await killed;
  });
});
