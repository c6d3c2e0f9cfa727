import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { showProgress } from '../../src/cli/kit/progress.ts';
import { run as verify } from '../../src/cli/verify/run.ts';
import { startEmbeddedRedis } from '../../src/embedded/redis.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { endings, order, recorder } from '../stats/recording.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { fillStats, someOrders } from './repartitionData.ts';
import { runCommand, screen } from './verifyCommand.ts';

const ORDERS = someOrders(400, 5);
const partitions = makePartitions(2);

describe('order-pipeline verify, beside the running product', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    await redis.flushall();
    await fillStats(redis, 2, ORDERS);
  });

  const run = (args = '', env: Record<string, string> = { REDIS_URL: server.url }) =>
    runCommand(verify, args, env);

  /** Orders of one user after the other, in both partitions, until `work` is done. */
  async function whileCounting<T>(work: () => Promise<T>): Promise<T> {
    const record = recorder(server.client(), partitions);
    let done = false;
    const counting = (async () => {
      for (let i = 0; !done; i += 1) {
        await endings(
          record,
          ORDERS.slice(0, 20).map((one) => order({ ...one, orderId: `B${i}${one.orderId}` })),
        );
      }
    })();
    return work().finally(async () => {
      done = true;
      await counting;
    });
  }

  it('is inconclusive while orders are being counted, and then right', async () => {
    const { code, stdout } = await whileCounting(() => run());
    expect(stdout).toMatch(/^Inconclusive: orders were counted during every pass over partition 0, 1/m);
    expect(stdout).toMatch(/^users right in the list by spend .* ok$/m);
    expect(stdout).not.toMatch(/differs/);
    expect(code).toBe(3);
    expect((await run()).code).toBe(0);
  });

  it('names a user that differs also while orders are being counted', async () => {
    await redis.hincrby(statsKeys(partitions.of('U0')).user('U0'), 'order_count', 1);
    const { code, stdout } = await whileCounting(() => run());
    expect(code).toBe(1);
    expect(stdout).toMatch(/^users that differ\n.*\nU0 /m);
  });

  it('joins the embedded Redis of the data folder, and leaves it running', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'verify-'));
    const embedded = await startEmbeddedRedis(folder);
    const client = new Redis(embedded.port, embedded.host);
    await fillStats(client, 2, ORDERS.slice(0, 50));
    expect(await run('', { DATA_DIR: folder })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ 50 orders/),
    });
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
    await embedded.stop();
    await rm(folder, { recursive: true });
  });

  describe('exits with 2 and says why:', () => {
    it.each([
      ['no stats in this Redis', () => redis.flushall(), /holds no stats of this product/],
      [
        'an unfinished repartition',
        () => redis.set('order-pipeline:partitions', '2 to 8'),
        /from 2 to 8 has not ended: run order-pipeline repartition --to 8/,
      ],
      ['a broken record', () => redis.set('order-pipeline:partitions', 'many'), /is no number: many/],
      ['a key of another kind', () => redis.set(statsKeys(partitions.of('U0')).user('U0'), 'x'), /WRONGTYPE/],
    ])('%s', async (_, prepare, problem) => {
      await prepare();
      expect(await run()).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(problem) });
    });

    it('no Redis there', async () => {
      const env = { REDIS_URL: `redis://127.0.0.1:${await freePort()}` };
      expect(await run('', env)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^no Redis answers at/),
      });
    });

    it('what it does not know', async () => {
      expect(await run('--jsno')).toMatchObject({ code: 2, stderr: 'unknown option --jsno; see --help\n' });
      expect(await run('', { REDIS_PORT: 'x' })).toMatchObject({ code: 2, stderr: /REDIS_PORT/ });
    });
  });

  it('shows how to use it', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/--json/) });
  });
});

describe('progress', () => {
  it('off a terminal is a line a second at most, and says what is being read', () => {
    const { stream, text } = screen();
    let now = 0;
    const progress = showProgress(stream, () => now);
    for (const what of ['users', 'keys']) {
      progress.begin(what, 1_000);
      progress.grow(500);
      for (let done = 0; done < 1_500; done += 100) {
        now += 100;
        progress.add(100);
      }
    }
    progress.stop();
    expect(text()).toBe('users: 1,000 of 1,500\nkeys: 500 of 1,500\nkeys: 1,500 of 1,500\n');
  });

  it('on a terminal is a bar for each stretch', () => {
    const { stream, text } = screen();
    const progress = showProgress(Object.assign(stream, { isTTY: true }));
    for (const what of ['users', 'keys']) {
      progress.begin(what, 10);
      progress.add(10);
    }
    progress.stop();
    expect(text()).toMatch(/users \[=+\] 10\/10[\s\S]*keys \[=+\] 10\/10/);
  });
});
