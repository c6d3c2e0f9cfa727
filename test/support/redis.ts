import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from './until.ts';

export interface TestRedis {
  host: '127.0.0.1';
  port: number;
  url: string;
  pid: number;
  /** A connection that is closed with the server. */
  client(): Redis;
  stop(): Promise<void>;
}

/** A real Redis of its own on a free port, without persistence unless `options` say otherwise. */
export async function startTestRedis(options: readonly string[] = [], port?: number): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-redis-'));
  const listening = port ?? (await freePort());
  const server = spawn(
    'redis-server',
    [
      '--port',
      String(listening),
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
      ...options,
    ],
    { stdio: 'ignore' },
  );
  const exited = once(server, 'exit');
  const clients: Redis[] = [];
  const client = () => {
    const redis = new Redis(listening, '127.0.0.1', { maxRetriesPerRequest: null });
    redis.on('error', () => {});
    clients.push(redis);
    return redis;
  };
  await until(async () => (await client().ping()) === 'PONG', 'the test Redis answers');
  return {
    host: '127.0.0.1',
    port: listening,
    url: `redis://127.0.0.1:${listening}`,
    pid: server.pid as number,
    client,
    async stop() {
      for (const redis of clients) redis.disconnect();
      server.kill('SIGKILL');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The system gives a port that was freed again to the next who asks, who may be the same test. */
const given = new Set<number>();

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  // Taken before this one is let go, so that it cannot be the same.
  const instead = given.has(port) ? await freePort() : port;
  given.add(instead);
  await new Promise((resolve) => server.close(resolve));
  return instead;
}
