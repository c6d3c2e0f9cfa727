import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CONCURRENCY_KEY, setFleetConcurrency } from '../../src/queue/fleetConcurrency.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

describe("the fleet's concurrency", () => {
  let redis: TestRedis;
  let fleet: TestPipeline[];

  beforeAll(async () => {
    redis = await startTestRedis();
    fleet = await Promise.all(
      ['30', '40'].map((own) => startPipeline({ WORKER_CONCURRENCY: own }, { role: 'worker', redis })),
    );
  });
  afterAll(async () => {
    await Promise.all(fleet.map((process) => process.stop()));
    await redis.stop();
  });

  const inForce = () =>
    Promise.all(
      fleet.map(async (process) => {
        const { worker } = await process.json<{ worker: { concurrency: number } }>('/health');
        return worker.concurrency;
      }),
    );
  const untilInForce = (wanted: number[]) =>
    until(
      async () => String(await inForce()) === String(wanted),
      `the workers take ${wanted} orders at once`,
    );

  it('is what each process was started with until one is set', async () => {
    expect(await inForce()).toEqual([30, 40]);
  });

  it('reaches every running process, and leaves them their own again when it is reset', async () => {
    await setFleetConcurrency(redis.client(), 7);
    await untilInForce([7, 7]);
    await setFleetConcurrency(redis.client(), undefined);
    await untilInForce([30, 40]);
  });

  it('is ignored when it makes no sense', async () => {
    await setFleetConcurrency(redis.client(), 9);
    await untilInForce([9, 9]);
    await redis.client().set(CONCURRENCY_KEY, 'many');
    await untilInForce([30, 40]);
  });
});
