import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { noProgress } from '../../src/cli/kit/progress.ts';
import { parseOptions } from '../../src/cli/repartition/options.ts';
import { repartition } from '../../src/cli/repartition/repartition.ts';
import { run as repartitionCommand } from '../../src/cli/repartition/run.ts';
import { connectRedis } from '../../src/store/connections.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { PARTITIONS_KEY, REPARTITION_KEY } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { everything } from '../stats/recording.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { fill, fillStats, queuesOf, someOrders, visible } from './repartitionData.ts';
import { runCommand } from './verifyCommand.ts';

const ORDERS = someOrders(300, 3);

describe('order-pipeline repartition', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  const run = (args: string, signal?: AbortSignal) =>
    runCommand(repartitionCommand, args, { REDIS_URL: server.url }, signal);

  it('says what it does, with which number to start, and that everything holds', async () => {
    await fillStats(redis, 4, ORDERS);
    const { code, stdout, stderr } = await run('--to 3');
    expect(stderr).toMatch(/^from 4 to 3 partitions$/m);
    expect(stdout).toMatch(/^Done: 3 partitions\. Start with PARTITIONS=3/);
    expect(stdout).toMatch(/All \d+ checks hold: 300 orders of \d+ users in 3 partitions\.\n$/);
    expect(code).toBe(0);
  });

  describe('refuses, and changes nothing:', () => {
    async function refused(args: string, env: Record<string, string> = {}): Promise<string> {
      const before = await everything(redis);
      const { code, stderr, stdout } = await runCommand(repartitionCommand, args, {
        REDIS_URL: server.url,
        ...env,
      });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(await everything(redis)).toEqual(before);
      return stderr;
    }

    it('the number there is already', async () => {
      await fillStats(redis, 4, ORDERS);
      expect(await refused('--to 4')).toBe('there are 4 partitions already\n');
    });

    it('a Redis that holds nothing', async () => {
      expect(await refused('--to 4')).toMatch(/holds nothing/);
    });

    it('while a process of the product is connected, naming from where', async () => {
      await fillStats(redis, 1, ORDERS);
      const product = connectRedis(
        { kind: 'server', host: server.host, port: server.port, tls: false },
        'patient',
        { onError: () => {} },
      );
      await product.ping();
      expect(await refused('--to 4')).toMatch(
        /1 connection of the product are open, from 127\.0\.0\.1:\d+: stop/,
      );
      expect((await run('--to 4 --force')).code).toBe(0);
      product.disconnect();
    });

    it('while jobs are active; forced, they wait again', async () => {
      await fill(redis, 1, ORDERS);
      const queue = `${makePartitions(1).all[0]?.tag}:orders`;
      await redis.lmove(`${queue}:wait`, `${queue}:active`, 'RIGHT', 'LEFT');
      expect(await refused('--to 4')).toMatch(/^1 jobs are active/);
      expect((await run('--to 4 --force')).code).toBe(0);
      const queues = await queuesOf(redis, 4);
      const counts = await Promise.all(queues.all.map((each) => each.getJobCounts('wait', 'active')));
      expect(counts.reduce((sum, { wait = 0 }) => sum + wait, 0)).toBe(70);
      expect(counts.every(({ active }) => active === 0)).toBe(true);
      await queues.close();
    });

    it('keys that it would not copy: unknown ones, and users in no list', async () => {
      await fillStats(redis, 2, ORDERS);
      const tag = makePartitions(2).all[1]?.tag;
      await redis.set(`${tag}:new:thing`, 1);
      await redis.hset(`${tag}:user:NOBODY`, 'order_count', 1);
      await redis.zadd(`${tag}:orders:waiting-children`, 1, 'X');
      const problem = await refused('--to 4');
      expect(problem).toContain(`${tag}:new:thing`);
      expect(problem).toContain(`${tag}:user:NOBODY`);
      expect(problem).toContain(`${tag}:orders:waiting-children`);
    });

    it('a Redis that drops keys, or cannot make sure of a copy what it is asked to', async () => {
      await fillStats(redis, 1, ORDERS);
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
      expect(await refused('--to 4')).toMatch(/maxmemory-policy allkeys-lru/);
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
      expect(await refused('--to 4', { DURABILITY: 'replicas:2' })).toMatch(
        /DURABILITY=replicas:2 cannot be had/,
      );
    });

    it('new places that are in use', async () => {
      await fillStats(redis, 2, ORDERS);
      await redis.lpush(`${makePartitions(4).all[1]?.tag}:orders:wait`, 'X');
      expect(await refused('--to 4')).toMatch(/orders or jobs in \{orders-4\.1\.\d+\} already/);
    });

    it('another number while one is unfinished', async () => {
      await fillStats(redis, 1, ORDERS);
      await stopped(4);
      expect(await refused('--to 5')).toMatch(
        /from 1 to 4 has not ended: .* --to 4 until it ends, or .* --cancel/,
      );
    });

    it('to undo what was not begun', async () => {
      await fillStats(redis, 1, ORDERS);
      expect(await refused('--cancel')).toBe('there is no unfinished repartition\n');
    });

    it('when the journal is missing, because nobody knows which copy is whole', async () => {
      await redis.set(PARTITIONS_KEY, '1 to 4');
      expect(await refused('--to 4')).toMatch(/order-pipeline:repartition.*is missing/);
    });
  });

  /** Runs it until it has copied something; `then` is called at that moment. */
  async function copying(to: number, then: () => void, signal?: AbortSignal): Promise<void> {
    let what = '';
    const progress = {
      ...noProgress,
      begin: (stretch: string) => {
        what = stretch;
      },
      add: (items: number) => {
        if (what === 'items copied' && items > 0) then();
      },
    };
    const durability = await chooseDurability(redis, undefined);
    const parts = { redis, idCase: 'upper' as const, durability, progress, signal, say: () => {} };
    await repartition({ kind: 'to', to, force: false }, parts);
  }

  async function stopped(to: number): Promise<void> {
    const stop = new AbortController();
    await expect(copying(to, () => stop.abort(), stop.signal)).rejects.toThrow('aborted');
    expect(await redis.hget(REPARTITION_KEY, 'phase')).toBe('copy');
  }

  it('stopped while it copies, goes on where it was', async () => {
    await fillStats(redis, 1, ORDERS);
    const before = await visible(redis, 1, ORDERS);
    await stopped(24);
    expect((await run('--to 24')).stderr).toMatch(/going on from 1 to 24 partitions, at: copy/);
    expect(await visible(redis, 24, ORDERS)).toEqual(before);
  });

  it('stopped by Ctrl-C, says how to go on, and exits with 130', async () => {
    await fillStats(redis, 1, ORDERS);
    const { code, stderr } = await run('--to 4', AbortSignal.abort());
    expect({ code, stderr }).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/stopped; order-pipeline repartition --to 4 goes on\n$/),
    });
    expect((await run('--to 4')).code).toBe(0);
  });

  it('can be undone before anything is deleted', async () => {
    await fill(redis, 1, ORDERS);
    const before = await everything(redis);
    await stopped(32);
    const { code, stdout } = await run('--cancel');
    expect({ code, done: stdout.split('.')[0] }).toEqual({ code: 0, done: 'Done: 1 partition' });
    expect(await everything(redis)).toEqual(before);
  });

  it('deletes nothing when the copy lacks something, and makes it again', async () => {
    await fillStats(redis, 1, ORDERS);
    const before = await visible(redis, 1, ORDERS);
    await stopped(16);
    // As after a failover: the journal says it was copied, and it is not there.
    await redis.hset(REPARTITION_KEY, 'phase', 'check');
    const { code, stderr } = await run('--to 16');
    expect(code).toBe(1);
    expect(stderr).toMatch(/orders: 300 before, .* after/);
    expect(stderr).toMatch(/nothing of the original was deleted/);
    expect(await visible(redis, 1, ORDERS)).toEqual(before);
    expect((await run('--to 16')).code).toBe(0);
    expect(await visible(redis, 16, ORDERS)).toEqual(before);
  });

  it('clears no copy that has what the original lacks', async () => {
    await fillStats(redis, 1, ORDERS);
    await run('--to 2');
    const before = await visible(redis, 2, ORDERS);
    // As after a failover that took the record back while the original was already being deleted.
    await redis.set(PARTITIONS_KEY, '1 to 2');
    await redis.hset(REPARTITION_KEY, {
      run: 'x',
      from: 1,
      to: 2,
      phase: 'check',
      done: 0,
      total: 0,
      ledgers: '[]',
    });
    for (const args of ['--to 2', '--to 2', '--cancel']) expect((await run(args)).code).toBe(1);
    expect(await visible(redis, 2, ORDERS)).toEqual(before);
  });

  it('stops when another run has taken over', async () => {
    await fillStats(redis, 1, ORDERS);
    const takenOver = copying(24, () => void redis.hset(REPARTITION_KEY, 'run', 'another'));
    await expect(takenOver).rejects.toThrow(/has taken over$/);
    expect((await run('--to 24')).code).toBe(0);
  });

  it.each([
    ['--to 0', '--to must be a whole number from 1 to 64, got "0"'],
    ['--to 65', '--to must be a whole number from 1 to 64, got "65"'],
    ['--to 2.5', '--to must be a whole number from 1 to 64, got "2.5"'],
    ['--cancel --to 4', '--cancel and --to contradict each other'],
    ['', '--to N is needed; see --help'],
    ['--too 4', 'unknown option --too 4; see --help'],
  ])('%s: %s', (args, problem) => {
    expect(parseOptions(args === '' ? [] : args.split(' '))).toEqual({ kind: 'bad', problems: [problem] });
  });
});
