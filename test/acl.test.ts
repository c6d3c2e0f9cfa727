import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Job } from 'bullmq';
import { Redis } from 'ioredis';
import { run as audit } from '../src/cli/audit/run.ts';
import { run as concurrency } from '../src/cli/concurrency/run.ts';
import { run as failed } from '../src/cli/failed/run.ts';
import { run as keys } from '../src/cli/keys/run.ts';
import { run as people } from '../src/cli/people/run.ts';
import { run as quality } from '../src/cli/quality/run.ts';
import { run as repartitionCommand } from '../src/cli/repartition/run.ts';
import { run as verify } from '../src/cli/verify/run.ts';
import { readFleetConcurrency, setFleetConcurrency } from '../src/queue/fleetConcurrency.ts';
import type { OrderJob } from '../src/queue/orderJob.ts';
import { checkPermissions, checkRedis, NEEDED_COMMANDS } from '../src/store/checkRedis.ts';
import { closeRedis, connectRedis } from '../src/store/connections.ts';
import { retryStart } from '../src/store/retryStart.ts';
import { askSentinels } from '../src/store/sentinels.ts';
import { invited } from './people/visitor.ts';
import { runCommand } from './scripts/verifyCommand.ts';
import { boardOf } from './support/board.ts';
import { startModelServer } from './support/modelServer.ts';
import { anOrder } from './support/orders.ts';
import { codeBlocks, redisCliCalls } from './support/pastedLines.ts';
import { startPipeline } from './support/pipeline.ts';
import { startTestRedis, type TestRedis } from './support/redis.ts';
import { aGroup, reviewing } from './support/reviewing.ts';
import { MASTER_NAME, startSentinel } from './support/sentinels.ts';
import { until } from './support/until.ts';

const NAME = 'order-pipeline';
const PASSWORD = 'hunter2';
const BLOCKS = codeBlocks('operate.md', 'Redis: ACL');

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

/** What a block of the page gives the server, as a shell reads it. */
const documented = (block: number): string[] =>
  redisCliCalls((BLOCKS[block] as string).replace('PASSWORD', PASSWORD))[0] as string[];

const send = (client: Redis, [command = '', ...args]: string[]) => client.call(command, ...args);

/** What was refused so far, by the server's own account; then forgotten. */
async function refusedBy(client: Redis): Promise<string[]> {
  const entries = (await client.call('ACL', 'LOG')) as string[][];
  await client.call('ACL', 'LOG', 'RESET');
  const field = (entry: string[], name: string) => entry[entry.indexOf(name) + 1];
  return entries.map((entry) => ['reason', 'context', 'object'].map((name) => field(entry, name)).join(' '));
}

async function isFrom72(client: Redis): Promise<boolean> {
  const [, major = 0, minor = 0] = /redis_version:(\d+)\.(\d+)/.exec(await client.info('server')) ?? [];
  return Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 2);
}

/** A language model, with its budget and its memory. */
async function askedAbout(redis: Redis): Promise<void> {
  const server = await startModelServer();
  try {
    const { reviewer } = reviewing(redis, server.baseUrl);
    expect(await reviewer.reviewGroups([aGroup(1)])).toMatchObject([{ outcome: 'ok' }]);
    expect(await reviewer.reviewGroups([aGroup(1)])).toMatchObject([{ cached: true }]);
    expect(await reviewer.spend()).toMatchObject({ calls: 1 });
  } finally {
    await server.stop();
  }
}

describe('the Redis user of docs/operate.md', () => {
  let redis: TestRedis;
  let replica: TestRedis;
  let url: string;

  beforeAll(async () => {
    redis = await startTestRedis(['--repl-diskless-sync-delay', '0']);
    replica = await startTestRedis(['--replicaof', redis.host, String(redis.port)]);
    await send(redis.client(), documented(0));
    if (await isFrom72(redis.client())) await send(redis.client(), documented(1));
    url = `redis://${NAME}:${PASSWORD}@${redis.host}:${redis.port}`;
    await until(
      async () => /state=online/.test(await redis.client().info('replication')),
      'the replica follows',
    );
  });
  afterAll(async () => {
    await replica?.stop();
    await redis?.stop();
  });

  const refused = () => refusedBy(redis.client());

  it('may do what the pipeline, its API, the board and the commands do', async () => {
    const pipeline = await startPipeline(
      { REDIS_URL: url, DURABILITY: 'replicas:1', QUALITY: 'rules,learned' },
      { redis },
    );
    try {
      const orders = Array.from({ length: 30 }, (_, index) =>
        anOrder({
          order_id: `O${index}`,
          user_id: `u${index % 7}`,
          order_timestamp: daysAgo(index % 9),
          ...(index < 3 ? { payment_method: 'Bribery' } : {}),
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
        '/quality/summary',
        '/quality/groups?state=all',
        '/quality/findings',
        '/metrics',
      ];
      for (const path of paths)
        expect([path, (await pipeline.get(path)).status, await refused()]).toEqual([path, 200, []]);
      expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 30 });
      let at = '';
      await until(async () => {
        const { groups } = await pipeline.json<{ groups: { group: string; orders: number }[] }>(
          '/quality/groups',
        );
        at = groups[0]?.orders === 3 ? `/quality/groups/${groups[0].group}` : '';
        return at !== '';
      }, 'what was flagged is one group');
      const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
      for (const [path, body] of [
        [`${at}/label`, { label: 'wrong' }],
        [`${at}/mute`, { muted: true }],
      ] as const)
        expect([
          path,
          (await pipeline.get(path, { ...json, body: JSON.stringify(body) })).status,
          await refused(),
        ]).toEqual([path, 200, []]);
      const board = boardOf(pipeline);
      const [queue = ''] = await board.queueNames();
      const bad = (await board.failed(queue)).find(({ failedReason }) =>
        failedReason?.startsWith('order_value_mismatch'),
      );
      const repaired = { ...bad?.data, order: anOrder({ order_id: 'bad' }) };
      expect(await board.edit(queue, bad?.id as string, repaired)).toBe(200);
      expect(await board.retry(queue, bad?.id as string)).toBe(204);
      await until(
        async () => (await pipeline.json<{ total_orders: number }>('/stats/global')).total_orders === 31,
        'the repaired order counts',
      );
      const asked = (method: string, path: string, body?: unknown) =>
        pipeline
          .get(`/admin/queues/api/queues${path}`, {
            method,
            ...(body === undefined
              ? {}
              : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
          })
          .then(({ status }) => [path, status]);
      const ofQueue = `/${encodeURIComponent(queue)}`;
      for (const path of [`${ofQueue}/pause`, `${ofQueue}/resume`, '/pause', '/resume'])
        expect([await asked('PUT', path), await refused()]).toEqual([[path, 200], []]);
      for (const state of [
        'latest',
        'active',
        'waiting',
        'completed',
        'failed',
        'delayed',
        'paused',
        'prioritized',
      ]) {
        const path = `?activeQueue=${encodeURIComponent(queue)}&status=${state}&page=1&jobsPerPage=10`;
        expect([await asked('GET', path), await refused()]).toEqual([[path, 200], []]);
      }
      for (const page of ['', '/logs', '/flow']) {
        const [path, status] = await asked(
          'GET',
          `${ofQueue}/${encodeURIComponent(bad?.id as string)}${page}`,
        );
        expect([path, (status as number) < 500, await refused()]).toEqual([path, true, []]);
      }
      const all = `${ofQueue}/retry/failed`;
      expect([await asked('PUT', all), await refused()]).toEqual([[all, 200], []]);
      await pipeline.settled();
      // Waits an hour for its next attempt, as after a fault.
      const { data } = (await pipeline.failed())[0] as Job<OrderJob>;
      await pipeline.queues[0]?.add('order', { ...data }, { jobId: 'later', delay: 3_600_000 });
      for (const [method, does] of [
        ['PATCH', 'delay'],
        ['PUT', 'promote'],
      ] as const) {
        const path = `${ofQueue}/later/${does}`;
        const answer = await asked(method, path, { runAt: Date.now() + 7_200_000 });
        expect([answer, await refused()]).toEqual([[path, expect.any(Number)], []]);
      }
      await pipeline.ended(38);
      const anna = await invited(pipeline, 'anna', 'admin');
      expect([await anna.status('/session'), await anna.post('/sign-out', {}), await refused()]).toEqual([
        200,
        204,
        [],
      ]);
    } finally {
      await pipeline.stop();
    }
    const own = new Redis(url);
    await setFleetConcurrency(own, 7);
    expect(await readFleetConcurrency(own)).toBe(7);
    await setFleetConcurrency(own, undefined);
    await askedAbout(own);
    own.disconnect();
    for (const [command, args] of [
      [failed, 'groups'],
      [failed, 'search --text a'],
      [failed, 'retry --text text'],
      [failed, 'runs'],
      [failed, 'groups --held all'],
      [
        failed,
        'save-recipe --recipe-name a --because x --recipe {"version":1,"steps":[{"do":"recompute_total"}]}',
      ],
      [failed, 'remove-recipe --recipe-name a --because x'],
      [failed, 'aside --because x'],
      [failed, 'restore --because x'],
      [keys, 'create --name shop --role read'],
      [keys, 'list'],
      [people, 'invite anna --role read'],
      [people, 'role anna repair'],
      [people, 'sign-out anna'],
      [people, 'list'],
      [people, 'remove anna'],
      [concurrency, '7'],
      [concurrency, 'reset'],
      [failed, 'retry --dry-run'],
      [failed, 'retry'],
      [quality, 'groups --all'],
      [audit, '--since 7d'],
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
    await redis.client().call('ACL', 'SETUSER', NAME, '-hset', '-zmscore');
    const refusal = startPipeline({ REDIS_URL: url, PARTITIONS: '3' }, { redis });
    await expect(refusal).rejects.toThrow(
      'the Redis user may not run HSET, ZMSCORE: docs/operate.md has the list of what it must be allowed',
    );
    await redis.client().call('ACL', 'SETUSER', NAME, '+hset', '+zmscore', '-info');
    const said: string[] = [];
    const connection = connectRedis(
      { kind: 'server', host: redis.host, port: redis.port, tls: false, username: NAME, password: PASSWORD },
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
    // The connection itself would fail, or only a cluster, replicas or the embedded server ask for it.
    const elsewhere = ['auth', 'hello', 'ping', 'select', 'info', 'wait', 'eval', 'readonly', 'asking'];
    const listed = documented(0).flatMap((word) => (/^\+[a-z]+$/.test(word) ? [word.slice(1)] : []));
    expect([...NEEDED_COMMANDS].sort()).toEqual(listed.filter((name) => !elsewhere.includes(name)).sort());
  });

  it('is told of every command at once when it has none of them', async () => {
    await redis.client().call('ACL', 'SETUSER', 'bare', 'on', 'nopass', '~*', '-@all', '+eval');
    const bare = new Redis(redis.port, redis.host, {
      username: 'bare',
      password: 'any',
      enableReadyCheck: false,
    });
    try {
      const names = NEEDED_COMMANDS.map((command) => command.toUpperCase()).join(', ');
      await expect(checkPermissions(bare, 'order-pipeline:any')).rejects.toThrow(`may not run ${names}:`);
    } finally {
      bare.disconnect();
    }
  });

  it('that lacks a command of a transaction reads in a sentence which one, from a command too', async () => {
    await redis.client().call('ACL', 'SETUSER', NAME, '+info', '-zrangestore');
    expect(await runCommand(failed, 'retry --dry-run', { REDIS_URL: url })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'the Redis user may not run ZRANGESTORE: docs/operate.md has the list of what it must be allowed',
      ),
    });
    await redis.client().call('ACL', 'SETUSER', NAME, '+zrangestore', '-hget');
    expect((await runCommand(failed, 'retry', { REDIS_URL: url })).stderr).toMatch(
      /^the audit log cannot be written: the Redis user may not run (a command of a script|HGET): docs/,
    );
    await redis.client().call('ACL', 'SETUSER', NAME, '-@all', '+info');
    for (const [command, args] of [
      [failed, 'retry'],
      [verify, ''],
      [audit, ''],
      [concurrency, ''],
      [keys, 'list'],
      [repartitionCommand, '--to 2'],
    ] as const) {
      const { stderr } = await runCommand(command, args, { REDIS_URL: url });
      expect(stderr).toMatch(/^the Redis user may not run [A-Z ]+: docs/);
    }
  });
});

describe("the sentinels' user of docs/operate.md", () => {
  it('may do what finds the master, and nothing more is asked for', async () => {
    const server = await startTestRedis();
    const sentinel = await startSentinel(server.port, 1);
    try {
      const [option, , ...rule] = documented(2);
      expect(option).toBe('-p');
      await send(sentinel.client, rule);
      const { master } = await askSentinels({
        kind: 'sentinel',
        sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
        name: MASTER_NAME,
        sentinelLogin: { tls: false, username: NAME, password: PASSWORD },
        tls: false,
      });
      expect(master).toEqual({ host: '127.0.0.1', port: server.port });
      expect(await refusedBy(sentinel.client)).toEqual([]);
    } finally {
      await sentinel.stop();
      await server.stop();
    }
  });
});
