import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { run as keys } from '../src/cli/keys/run.ts';
import { run as repartitionCommand } from '../src/cli/repartition/run.ts';
import { run as verify } from '../src/cli/verify/run.ts';
import { readFleetConcurrency, setFleetConcurrency } from '../src/queue/fleetConcurrency.ts';
import { NEEDED_COMMANDS } from '../src/store/checkPermissions.ts';
import { checkRedis } from '../src/store/checkRedis.ts';
import { closeRedis, connectRedis } from '../src/store/connections.ts';
import { retryStart } from '../src/store/retryStart.ts';
import { runCommand } from './scripts/verifyCommand.ts';
import { boardOf } from './support/board.ts';
import { anOrder } from './support/orders.ts';
import { startPipeline } from './support/pipeline.ts';
import { startTestRedis, type TestRedis } from './support/redis.ts';
import { until } from './support/until.ts';

const page = readFileSync(new URL('../docs/operate.md', import.meta.url), 'utf8');
const PASSWORD = 'hunter2';

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

/** The arguments of the documented ACL SETUSER. */
function documented(): string[] {
  const [, block = ''] = /## Redis: ACL[\s\S]*?```\nredis-cli ACL SETUSER ([\s\S]*?)```/.exec(page) ?? [];
  return block
    .replaceAll('\\\n', ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll("'", '').replace('>PASSWORD', `>${PASSWORD}`));
}

describe('the Redis user of docs/operate.md', () => {
  let redis: TestRedis;
  let replica: TestRedis;
  let url: string;

  beforeAll(async () => {
    redis = await startTestRedis(['--repl-diskless-sync-delay', '0']);
    replica = await startTestRedis(['--replicaof', redis.host, String(redis.port)]);
    const [name = '', ...rules] = documented();
    // SETINFO came with 7.2; before, nobody asks for the permission either.
    const known = rules.filter((rule) => rule !== '+client|setinfo');
    await redis.client().call('ACL', 'SETUSER', name, ...known);
    url = `redis://${name}:${PASSWORD}@${redis.host}:${redis.port}`;
    await until(
      async () => /state=online/.test(await redis.client().info('replication')),
      'the replica follows',
    );
  });
  afterAll(async () => {
    await replica?.stop();
    await redis?.stop();
  });

  /** What was refused so far, by the server's own account; then forgotten. */
  async function refused(): Promise<string[]> {
    const entries = (await redis.client().call('ACL', 'LOG')) as string[][];
    await redis.client().call('ACL', 'LOG', 'RESET');
    const field = (entry: string[], name: string) => entry[entry.indexOf(name) + 1];
    return entries.map((entry) =>
      ['reason', 'context', 'object'].map((name) => field(entry, name)).join(' '),
    );
  }

  it('may do what the pipeline, its API, the board and the commands do', async () => {
    const pipeline = await startPipeline({ REDIS_URL: url, DURABILITY: 'replicas:1' }, { redis });
    try {
      const orders = Array.from({ length: 30 }, (_, index) =>
        anOrder({
          order_id: `O${index}`,
          user_id: `u${index % 7}`,
          order_timestamp: daysAgo(index % 9),
        }),
      );
      await pipeline.send(
        ...orders,
        ...orders.slice(0, 5),
        anOrder({ order_id: 'bad', order_value: 1 }),
        'text',
      );
      await pipeline.settled();
      const paths = [
        '/stats/global',
        '/stats/top-spenders?limit=30',
        '/stats/top-buyers?limit=30',
        `/stats/by-date?start_date=${daysAgo(50)}&end_date=${daysAgo(0)}`,
        `/stats/top-spenders?start_date=${daysAgo(9)}&end_date=${daysAgo(0)}`,
        '/users/u3/stats',
        `/users/u3/stats?start_date=${daysAgo(9)}&end_date=${daysAgo(0)}`,
        '/health',
        '/health/ready',
      ];
      for (const path of paths)
        expect([path, (await pipeline.get(path)).status, await refused()]).toEqual([path, 200, []]);
      expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 30 });
      const board = boardOf(pipeline);
      const [queue = ''] = await board.queueNames();
      const failed = await board.failed(queue);
      const bad = failed.find(({ failedReason }) => failedReason?.startsWith('order_value_mismatch'));
      const repaired = { ...bad?.data, order: anOrder({ order_id: 'bad' }) };
      expect(await board.edit(queue, bad?.id as string, repaired)).toBe(200);
      expect(await board.retry(queue, bad?.id as string)).toBe(204);
      await until(
        async () => (await pipeline.json<{ total_orders: number }>('/stats/global')).total_orders === 31,
        'the repaired order counts',
      );
    } finally {
      await pipeline.stop();
    }
    const own = new Redis(url);
    await setFleetConcurrency(own, 7);
    expect(await readFleetConcurrency(own)).toBe(7);
    await setFleetConcurrency(own, undefined);
    own.disconnect();
    for (const [command, args] of [
      [keys, 'create --name shop --role read'],
      [keys, 'list'],
      [verify, ''],
      [repartitionCommand, '--to 3'],
    ] as const) {
      const { code, stderr } = await runCommand(command, args, { REDIS_URL: url });
      expect([args, code, code === 0 ? '' : stderr]).toEqual([args, 0, '']);
    }
    expect((await runCommand(verify, '', { REDIS_URL: url, PARTITIONS: '3' })).code).toBe(0);
    expect(await refused()).toEqual([]);
  });

  it('is stopped at what it does not need', async () => {
    const own = new Redis(url);
    try {
      await expect(own.flushall()).rejects.toThrow('NOPERM');
      await expect(own.get('session:1')).rejects.toThrow('NOPERM');
      await expect(own.config('SET', 'maxmemory', '1')).rejects.toThrow('NOPERM');
      await expect(own.keys('x')).rejects.toThrow('NOPERM');
    } finally {
      own.disconnect();
    }
  });

  it('that lacks a permission is refused at the start in a sentence that names the command', async () => {
    const [name = ''] = documented();
    await redis.client().call('ACL', 'SETUSER', name, '-hset', '-zmscore');
    const refusal = startPipeline({ REDIS_URL: url, PARTITIONS: '3' }, { redis });
    await expect(refusal).rejects.toThrow(
      'the Redis user may not run HSET, ZMSCORE: docs/operate.md has the list of what it must be allowed',
    );
    await redis.client().call('ACL', 'SETUSER', name, '+hset', '+zmscore', '-info');
    const said: string[] = [];
    const connection = connectRedis(
      { kind: 'server', host: redis.host, port: redis.port, tls: false, username: name, password: PASSWORD },
      'fail_fast',
      { onError: ({ message }) => said.push(message) },
    );
    await expect(
      retryStart(
        connection,
        () => checkRedis(connection),
        () => {},
      ),
    ).rejects.toThrow('the Redis user may not run INFO');
    closeRedis(connection);
  });

  it('has the same list in the product as in the docs', () => {
    const listed = documented().filter((word) => word.startsWith('+'));
    for (const command of NEEDED_COMMANDS) expect(listed).toContain(`+${command.replace(' ', '|')}`);
  });
});
