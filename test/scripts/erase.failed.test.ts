import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run as erase } from '../../src/cli/erase/run.ts';
import { readFailures } from '../../src/queue/failures/readFailures.ts';
import { claimPartitions } from '../../src/store/claims.ts';
import { anOrder } from '../support/orders.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from '../worker/workers.ts';
import { runCommand } from './verifyCommand.ts';

describe('erase, where no history is kept', () => {
  let workers: TestWorkers;

  beforeAll(async () => {
    workers = await testWorkers(2);
    await claimPartitions(workers.redis.client(), 2);
    await workers.start();
  });
  afterAll(() => workers.stop());

  it('renames the user in Redis and names the failed orders that are left', async () => {
    await workers.add('counts', anOrder({ user_id: 'U1', order_id: 'A1' }));
    await workers.job('U1', 'counts', 'completed');
    await workers.add('hers', anOrder({ user_id: 'u1', order_id: 'A2', order_value: 'much' }));
    await workers.add('anothers', anOrder({ user_id: 'U12', order_id: 'A3', order_value: 'much' }));
    const redis = workers.redis.client();
    await until(
      async () => (await readFailures(redis, workers.partitions.all)).orders === 2,
      'both are in the index',
    );
    expect(await runCommand(erase, '--user U1', { REDIS_URL: workers.redis.url })).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^The user is ERASED-[0-9A-F]{16} now\n$/),
      stderr: 'failed orders of the user are left: hers\n',
    });
    expect(await workers.read.user('U1')).toBeUndefined();
    expect(await workers.read.global()).toMatchObject({ orders: 1, users: 1 });
  });
});
