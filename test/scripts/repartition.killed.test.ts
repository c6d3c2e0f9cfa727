import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { noProgress } from '../../src/cli/kit/progress.ts';
import { repartition } from '../../src/cli/repartition/repartition.ts';
import { createRandom } from '../../src/cli/send/random.ts';
import { verifyAll } from '../../src/cli/verify/verifyAll.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { REPARTITION_KEY } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { endings, recorder } from '../stats/recording.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { fill, someOrders, visible } from './repartitionData.ts';

const ORDERS = someOrders(300, 11);

describe('a repartition that is killed', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = server.client();
  });
  afterAll(() => server.stop());
  beforeEach(() => redis.flushall());

  const change = async (to: number, on: Redis) =>
    repartition(
      { kind: 'to', to, force: false },
      {
        redis: on,
        idCase: 'upper',
        durability: await chooseDurability(redis, undefined),
        progress: noProgress,
        say: () => {},
      },
    );

  /** A connection that is gone for good after so many commands, just before the last of them is sent or just after. */
  function mortal(commands: number): Redis {
    const connection = redis.duplicate();
    connection.on('error', () => {});
    const send = connection.sendCommand.bind(connection);
    let sent = 0;
    connection.sendCommand = (command, stream) => {
      sent += 1;
      if (sent === commands && commands % 2 === 0) connection.disconnect();
      if (sent === commands && commands % 2 === 1) setImmediate(() => connection.disconnect());
      return send(command, stream);
    };
    return connection;
  }

  /** Whether the product would start with this number; then everything must be there. */
  const startsWith = async (count: number) =>
    claimPartitions(redis, count).then(
      () => true,
      () => false,
    );

  async function expectUnchanged(to: number, before: Awaited<ReturnType<typeof visible>>, orders = ORDERS) {
    expect(await visible(redis, to, orders)).toEqual(before);
    expect(await redis.exists(REPARTITION_KEY)).toBe(0);
    expect((await verifyAll(redis, makePartitions(to), noProgress)).result).toBe('right');
  }

  it.each([1])(
    'between any two commands, again and again, loses nothing (seed %d)',
    async (seed) => {
      await fill(redis, 1, ORDERS);
      const before = await visible(redis, 1, ORDERS);
      const random = createRandom(seed);
      let from = 1;
      for (const to of [8, 3, 1]) {
        let deaths = 0;
        // Later runs live longer, as some phases have to be done in one go.
        while (!(await ends(to, 1 + random.below(300 + 200 * deaths)))) {
          deaths += 1;
          for (const count of [from, to]) {
            if (await startsWith(count)) expect(await visible(redis, count, ORDERS)).toEqual(before);
          }
        }
        expect(deaths).toBeGreaterThan(1);
        await expectUnchanged(to, before);
        from = to;
      }
      const again = await endings(recorder(redis, makePartitions(1)), ORDERS);
      expect(new Set(again)).toEqual(new Set(['duplicate']));
    },
    60_000,
  );

  /** Runs the command on a connection that dies after so many commands. */
  async function ends(to: number, commands: number): Promise<boolean> {
    const connection = mortal(commands);
    try {
      await change(to, connection);
      return true;
    } catch (error) {
      expect((error as Error).message).toMatch(
        /Connection is closed|There is no connection|Stream isn't writeable/,
      );
      return false;
    } finally {
      connection.disconnect();
    }
  }

  it('as a process, ends when the same command is run again', async () => {
    const many = someOrders(3_000, 13);
    await fill(redis, 2, many);
    const before = await visible(redis, 2, many);
    const start = () =>
      spawn(
        process.execPath,
        ['--no-warnings', '--import', 'tsx', 'src/main.ts', 'repartition', '--to', '5'],
        {
          env: { PATH: process.env.PATH, REDIS_URL: server.url },
          stdio: 'ignore',
        },
      );
    for (const phases of [/./, /copy|check|delete/]) {
      const child = start();
      const exited = once(child, 'exit');
      await until(
        async () => phases.test((await redis.hget(REPARTITION_KEY, 'phase')) ?? ''),
        `it is at ${phases}`,
      );
      child.kill('SIGKILL');
      await exited;
      // Its connection may outlive it by a moment, and would count as somebody using Redis.
      await until(
        async () => !String(await redis.client('LIST')).includes('name=order-pipeline '),
        'it is gone',
      );
    }
    expect(await redis.exists(REPARTITION_KEY)).toBe(1);
    const [code] = await once(start(), 'exit');
    expect(code).toBe(0);
    await expectUnchanged(5, before, many);
  }, 60_000);
});
