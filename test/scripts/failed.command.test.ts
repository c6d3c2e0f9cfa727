import { userInfo } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { run as failed } from '../../src/cli/failed/run.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { auditTrail } from '../support/auditTrail.ts';
import { anOrder } from '../support/orders.ts';
import { freePort } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from '../worker/workers.ts';
import { runCommand } from './verifyCommand.ts';

describe('order-pipeline failed', () => {
  let workers: TestWorkers;
  beforeAll(async () => {
    workers = await testWorkers(2);
    await claimPartitions(workers.redis.client(), 2);
    await workers.start();
  });
  afterAll(() => workers.stop());

  const run = (args: string) => runCommand(failed, args, { REDIS_URL: workers.redis.url });
  const failedJobs = async () =>
    (await Promise.all(workers.queues.all.map((each) => each.getFailed()))).flat();
  const runs = async () => (await failedJobs()).map((job) => job.attemptsStarted).sort();

  beforeEach(async () => {
    for (const job of await failedJobs()) await job.remove();
    for (let index = 0; index < 6; index += 1) {
      const wrong = index < 4 ? { order_value: 201 } : { currency: 'EUR' };
      await workers.add(`m${index}`, anOrder({ user_id: `U${index}`, ...wrong }));
    }
    await until(async () => (await failedJobs()).length === 6, 'six have failed');
  });

  it('retry gives all of them to the workers once more', async () => {
    expect(await run('retry')).toEqual({
      code: 0,
      stdout: '6 of 6 failed orders run once more\n',
      stderr: '',
    });
    await until(async () => (await runs()).join() === '2,2,2,2,2,2', 'each has run twice');
    const who = { kind: 'command', name: userInfo().username };
    expect((await auditTrail(workers.redis.client())).slice(-2)).toMatchObject([
      { phase: 'intent', who, action: 'retry all', filter: 'failed' },
      { phase: 'outcome', who, result: 'done', count: 6 },
    ]);
  });

  it('retry retries nothing that cannot be written down', async () => {
    const redis = workers.redis.client();
    await redis.rename('order-pipeline:audit', 'aside');
    await redis.set('order-pipeline:audit', 'something else');
    const { code, stderr } = await run('retry');
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'the audit log cannot be written\n' });
    expect(await runs()).toEqual([1, 1, 1, 1, 1, 1]);
    await redis.rename('aside', 'order-pipeline:audit');
  });

  it('retry --reason takes those alone, --dry-run none', async () => {
    const { stdout } = await run('retry --reason currency_mismatch --dry-run');
    expect(stdout).toBe('2 of 6 failed orders would run once more; 4 did not fail for currency_mismatch\n');
    expect(await runs()).toEqual([1, 1, 1, 1, 1, 1]);
    await run('retry --reason currency_mismatch');
    await until(async () => (await runs()).join() === '1,1,1,1,2,2', 'those two have run twice');
  });

  it.each([
    ['', 'the command must be retry, got nothing'],
    ['delete', 'the command must be retry, got "delete"'],
    ['retry now', 'the command must be retry, got "retry now"'],
    ['retry --reason odd', '--reason must be one of invalid_json'],
    ['retry --all', 'unknown option --all'],
  ])('%j is refused, saying why, and retries nothing', async (args, problem) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(problem);
    expect(await runs()).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('--help says all of it', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/--reason[\s\S]*order_value_mismatch[\s\S]*--dry-run[\s\S]*Exit code/);
  });

  it('says where it looked for Redis when there is none', async () => {
    const port = await freePort();
    const { code, stderr } = await runCommand(failed, 'retry', { REDIS_URL: `redis://127.0.0.1:${port}` });
    expect(code).toBe(2);
    expect(stderr).toContain(`no Redis answers at 127.0.0.1:${port}`);
  });
});
