import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { run as verify } from '../../src/cli/verify/run.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { anOrder } from '../support/orders.ts';
import { codeBlocks } from '../support/pastedLines.ts';
import { startPipeline } from '../support/pipeline.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const [BACKUP = '', RESTORE = ''] = codeBlocks('operate.md', 'Redis: backup and restore');
const [START = '', APPEND = ''] = RESTORE.trim().split('\n');

const orders = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) =>
    anOrder({ order_id: `${prefix}${index}`, user_id: `U${index % 7}` }),
  );

/** Pastes a line of the page that talks to a running Redis. */
const paste = (line: string, port: number, dir: string) =>
  execFileSync('bash', ['-c', line.replace('redis-cli', `redis-cli -p ${port}`)], {
    cwd: dir,
    stdio: 'pipe',
  });

describe('a Redis that is lost with its disk', () => {
  const COUNTED = orders(100, 'A');
  const WAITING = orders(20, 'B');
  const AFTER = orders(30, 'C');
  const BAD = [anOrder({ order_id: 'D0', order_value: 'much' }), '{'];
  let dir: string;
  const running: ChildProcess[] = [];

  /** Starts the restored server as the page says, with a folder and port of this test; `change` shows a mistake. */
  async function restored(change = (line: string) => line): Promise<TestRedis> {
    const place = join(dir, `restored-${running.length}`);
    mkdirSync(place);
    execFileSync('cp', [join(dir, 'backup.rdb'), place]);
    const port = await freePort();
    const line = change(START).replace('/var/lib/redis', place).replace('--daemonize yes', '');
    const server = spawn('bash', ['-c', `exec ${line} --port ${port} --bind 127.0.0.1 --save ''`], {
      stdio: 'ignore',
    });
    running.push(server);
    const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null });
    client.on('error', () => {});
    clients.push(client);
    await until(async () => (await client.ping()) === 'PONG', 'the restored Redis answers');
    return {
      host: '127.0.0.1',
      port,
      url: `redis://127.0.0.1:${port}`,
      pid: server.pid as number,
      client: () => client,
      stop: async () => {},
    };
  }
  const clients: Redis[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'order-pipeline-backup-'));
    const redis = await startTestRedis();
    const pipeline = await startPipeline({}, { redis });
    await pipeline.send(...COUNTED, ...BAD);
    await pipeline.settled();
    await pipeline.stop();
    const bridge = await startPipeline({}, { redis, role: 'bridge' });
    await bridge.send(...WAITING);
    await until(async () => (await bridge.queues[0]?.getWaitingCount()) === WAITING.length, 'they wait');

    paste(BACKUP, redis.port, dir);

    await bridge.stop();
    const later = await startPipeline({}, { redis });
    await later.send(...AFTER);
    await until(
      async () => (await later.json<{ total_orders: number }>('/stats/global')).total_orders === 150,
      'all have counted',
    );
    await later.stop();
    await redis.stop();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    for (const server of running) {
      if (server.exitCode !== null || server.signalCode !== null) continue;
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('comes back from its backup right to the cent, and whole when the shops send again', async () => {
    const redis = await restored();
    paste(APPEND, redis.port, dir);
    expect((await runCommand(verify, '', { REDIS_URL: redis.url })).code).toBe(0);
    expect((await redis.client().info('persistence')).includes('aof_enabled:1')).toBe(true);

    const pipeline = await startPipeline({}, { redis });
    try {
      const total = () => pipeline.json<Record<string, number>>('/stats/global');
      await until(async () => (await total()).total_orders === 120, 'what waited counts');
      expect(await pipeline.failed()).toHaveLength(BAD.length);

      await pipeline.send(...COUNTED, ...WAITING, ...AFTER);
      await until(async () => (await total()).total_orders === 150, 'what the backup lacked counts');
      await until(
        async () => (await pipeline.queues[0]?.getJobCounts('waiting', 'active'))?.waiting === 0,
        'all have ended',
      );
    } finally {
      await pipeline.stop();
    }
    const value = [...COUNTED, ...WAITING, ...AFTER].reduce(
      (sum, order) => sum + (order.order_value as number),
      0,
    );
    const { stdout, code } = await runCommand(verify, '', { REDIS_URL: redis.url });
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const again = await startPipeline({}, { redis, role: 'api' });
    try {
      expect(await again.json('/stats/global')).toMatchObject({
        total_orders: 150,
        total_revenue: Math.round(value * 100) / 100,
      });
    } finally {
      await again.stop();
    }
  });

  it('starts empty when the append-only file is asked for at once, as the page warns', async () => {
    const redis = await restored((line) => line.replace('--appendonly no', '--appendonly yes'));
    expect(await redis.client().dbsize()).toBe(0);
  });
});
