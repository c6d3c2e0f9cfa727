import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run as doctor } from '../../src/cli/doctor/run.ts';
import { run as verify } from '../../src/cli/verify/run.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import { anOrder } from '../support/orders.ts';
import { codeBlocks, redisCliCalls } from '../support/pastedLines.ts';
import { startPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

/** What a managed server does not offer to anybody. */
const TAKEN_AWAY = ['CONFIG', 'MONITOR', 'SAVE', 'BGSAVE', 'DEBUG', 'SHUTDOWN', 'REPLICAOF'].flatMap(
  (command) => ['--rename-command', command, ''],
);

describe('a managed Redis: no CONFIG, a user with few rights, a replica', () => {
  let redis: TestRedis;
  let replica: TestRedis;
  let url: string;

  beforeAll(async () => {
    redis = await startTestRedis([...TAKEN_AWAY, '--repl-diskless-sync-delay', '0']);
    replica = await startTestRedis([...TAKEN_AWAY, '--replicaof', redis.host, String(redis.port)]);
    const [lines = ''] = codeBlocks('operate.md', 'Redis: ACL');
    // A right to a command that is not there cannot be given, and is not needed.
    const [user = []] = redisCliCalls(lines.replace('PASSWORD', 'hunter2').replace(" '+config|get'", ''));
    const [command = '', ...rights] = user;
    await redis.client().call(command, ...rights);
    url = `redis://order-pipeline:hunter2@${redis.host}:${redis.port}`;
    await until(
      async () => /state=online/.test(await redis.client().info('replication')),
      'the replica follows',
    );
  });
  afterAll(async () => {
    await replica?.stop();
    await redis?.stop();
  });

  it.each([
    ['memory, because its append-only file cannot be read about', {}],
    ['replicas:1, because it was asked for', { DURABILITY: 'replicas:1' }],
  ])('counts every order, safe by %s', async (_why, env: Record<string, string>) => {
    await redis.client().flushall();
    const pipeline = await startPipeline({ REDIS_URL: url, ...env }, { redis });
    try {
      await pipeline.send(
        ...Array.from({ length: 40 }, (_, index) =>
          anOrder({ order_id: `O${index}`, user_id: `U${index % 5}` }),
        ),
        anOrder({ order_id: 'BAD', order_value: 'much' }),
      );
      await pipeline.settled();
      expect(await pipeline.json('/stats/global')).toMatchObject({ total_orders: 40 });
      expect(await pipeline.failed()).toHaveLength(1);
    } finally {
      await pipeline.stop();
    }
    expect((await runCommand(verify, '', { REDIS_URL: url })).code).toBe(0);
  });

  it('is looked at by the doctor, who says what could not be read', async () => {
    const { stdout, code } = await runCommand(doctor, '', { REDIS_URL: url });
    expect(stdout).toMatch(/Redis 7|Valkey|Redis 8/);
    expect(stdout).not.toMatch(/undefined|NaN|unknown command/i);
    expect(code).toBeLessThanOrEqual(1);
  });
});
