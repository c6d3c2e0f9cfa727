import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Cluster, Redis } from 'ioredis';
import { readConfig } from '../../src/config/config.ts';
import { checkRedis } from '../../src/store/checkRedis.ts';
import { connectRedis, type RedisProfile, untilReady } from '../../src/store/connections.ts';
import { type RedisTarget, redisAddress } from '../../src/store/redisTarget.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

describe('a connection to Redis', () => {
  let port: number;
  let server: TestRedis | undefined;
  let connections: (Redis | Cluster)[];
  let errors: Error[];

  beforeEach(async () => {
    port = await freePort();
    connections = [];
    errors = [];
  });
  afterEach(async () => {
    for (const connection of connections) connection.disconnect();
    if (server) process.kill(server.pid, 'SIGCONT');
    await server?.stop();
    server = undefined;
  });

  function connect(profile: RedisProfile, commandTimeout?: number): Redis | Cluster {
    const connection = connectRedis({ kind: 'server', host: '127.0.0.1', port, tls: false }, profile, {
      onError: (error) => errors.push(error),
      ...(commandTimeout === undefined ? {} : { commandTimeout }),
    });
    connections.push(connection);
    return connection;
  }

  async function startServer(): Promise<TestRedis> {
    server = await startTestRedis([], port);
    return server;
  }

  it('that fails fast refuses commands while Redis is away, and takes them when it comes', async () => {
    const connection = connect('fail_fast');
    await until(() => errors.length > 0, 'it has tried in vain');
    await expect(connection.get('x')).rejects.toThrow();
    await startServer();
    await untilReady(connection);
    expect(await connection.set('x', '1')).toBe('OK');
  });

  it('that is patient holds commands until Redis comes', async () => {
    const connection = connect('patient');
    const answer = connection.set('x', '1');
    await until(() => errors.length > 0, 'it has tried in vain');
    await startServer();
    expect(await answer).toBe('OK');
  });

  it('that is patient finishes its commands after Redis was away', async () => {
    await startServer();
    const connection = connect('patient');
    await untilReady(connection);
    await server?.stop();
    const answer = connection.set('x', '1');
    await startServer();
    expect(await answer).toBe('OK');
  });

  it('with a time limit gives up a command while Redis hangs, and works again afterwards', async () => {
    const { pid } = await startServer();
    const connection = connect('fail_fast', 100);
    await untilReady(connection);
    process.kill(pid, 'SIGSTOP');
    await expect(connection.get('x')).rejects.toThrow('Command timed out');
    process.kill(pid, 'SIGCONT');
    await until(
      () =>
        connection.get('x').then(
          () => true,
          () => false,
        ),
      'Redis answers again',
    );
  });

  // A container may have no IPv6 at all.
  const whereIPv6 = networkInterfaces().lo?.some(({ address }) => address === '::1') ? it : it.skip;
  whereIPv6('reaches a server by its IPv6 address, also as a node of a cluster', async () => {
    const bind = ['--bind', '127.0.0.1', '::1', '--cluster-enabled', 'yes', '--cluster-announce-ip', '::1'];
    server = await startTestRedis(bind, port);
    const cluster = server.client();
    await cluster.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await until(async () => /state:ok/.test(String(await cluster.call('CLUSTER', 'INFO'))), 'it is whole');
    const places = [{ REDIS_URL: `redis://[::1]:${port}` }, { REDIS_CLUSTER_NODES: `[::1]:${port}` }];
    for (const place of places) {
      const target = readConfig(place).redis as RedisTarget;
      const connection = connectRedis(target, 'patient', { onError: (error) => errors.push(error) });
      connections.push(connection);
      expect(await connection.set('x', '1')).toBe('OK');
    }
    expect(errors).toEqual([]);
  });

  it('ends the wait for it when it is closed or the wait is called off', async () => {
    const connection = connect('fail_fast');
    const callOff = new AbortController();
    const calledOff = untilReady(connection, callOff.signal);
    callOff.abort(new Error('called off'));
    await expect(calledOff).rejects.toThrow('called off');
    const closed = untilReady(connection);
    connection.disconnect();
    await expect(closed).rejects.toThrow('closed before it was ready');
  });

  it.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
    'to a server that evicts by %s is refused',
    async (policy) => {
      await startServer();
      const connection = connect('patient') as Redis;
      await connection.config('SET', 'maxmemory-policy', policy);
      await expect(checkRedis(connection)).rejects.toThrow(`maxmemory-policy ${policy}`);
      await connection.config('SET', 'maxmemory-policy', 'noeviction');
      await checkRedis(connection);
    },
  );
});

describe('the address of Redis in a log line', () => {
  const login = { tls: false, username: 'ops', password: 'hunter2' };

  it('names host and port, and no password', () => {
    expect(redisAddress({ kind: 'server', host: 'cache', port: 7000, ...login })).toBe('cache:7000');
  });

  it('names every node of a cluster, an IPv6 address in brackets', () => {
    const nodes = [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ];
    expect(redisAddress({ kind: 'cluster', nodes, ...login })).toBe('a:1,[::1]:2');
    expect(redisAddress({ kind: 'server', host: '::1', port: 2, ...login })).toBe('[::1]:2');
    expect(
      redisAddress({ kind: 'sentinel', sentinels: nodes, name: 'orders', sentinelLogin: login, ...login }),
    ).toBe('orders of the sentinels a:1,[::1]:2');
  });
});
