import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { durableQueues } from '../../src/queue/durableQueues.ts';
import { setFleetConcurrency } from '../../src/queue/fleetConcurrency.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../src/runtime/limits.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { CONCURRENCY_KEY } from '../../src/store/keys.ts';
import { Tally } from '../../src/telemetry/tally.ts';
import { type OrderWorkers, startOrderWorkers } from '../../src/worker/orderWorkers.ts';
import { anOrder, RULES } from '../support/orders.ts';
import { silentLogger, startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from './workers.ts';

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

describe('the orders that a running worker has in hand', () => {
  const ORDERS = 80;
  let idle: TestWorkers;
  let worker: OrderWorkers;
  let redis: Redis;
  let recordRedis: Redis;

  beforeAll(async () => {
    idle = await testWorkers(2);
    redis = idle.redis.client();
    recordRedis = idle.redis.client();
    await Promise.all(
      Array.from({ length: ORDERS }, (_, n) =>
        idle.add(`m${n}`, anOrder({ order_id: `O${n}`, user_id: `U${n}` })),
      ),
    );
    recordFromTheNextOn();
    worker = await startOrderWorkers(
      {
        concurrency: 8,
        lockMs: 30_000,
        rules: RULES,
        reading: { envelope: 'auto', maxBodyBytes: DEFAULT_MAX_BODY_BYTES },
        ledgerRetentionDays: 35,
        userDetailDays: 36_500,
        auditRetentionDays: 400,
      },
      {
        queueRedis: idle.redis.client(),
        recordRedis,
        settingsRedis: redis,
        queues: durableQueues(redis, idle.queues, await chooseDurability(redis, 'memory')),
        partitions: idle.partitions,
        tally: new Tally(),
        logger: silentLogger(),
        onError: () => {},
      },
    );
  });
  afterAll(async () => {
    await redis.lpush('gate', ...Array(10).fill('open'));
    await worker?.stop();
    await idle.stop();
  });

  /** Redis answers a connection in order: what is recorded after this waits until the gate is opened once more. */
  function recordFromTheNextOn(): void {
    recordRedis.blpop('gate', 0).catch(() => {});
  }

  /** Records what is in hand, and nothing that is taken in hand then. */
  async function recordThese(): Promise<void> {
    recordFromTheNextOn();
    await redis.lpush('gate', 'open');
  }

  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
  const inHand = async () => sum(await Promise.all(idle.queues.all.map((queue) => queue.getActiveCount())));
  const untilInHand = (wanted: number) =>
    until(async () => (await inHand()) === wanted, `${wanted} orders are in hand`);

  async function set(concurrency: number): Promise<void> {
    await setFleetConcurrency(redis, concurrency);
    await until(() => worker.health().concurrency === concurrency, `${concurrency} is in force`);
  }

  it('become more and fewer with the setting, from the next order on', async () => {
    await untilInHand(8);
    await set(20);
    expect(await inHand()).toBe(8);
    await recordThese();
    await untilInHand(20);
    await set(4);
    expect(await inHand()).toBe(20);
    await recordThese();
    await untilInHand(4);
    expect(await idle.read.global()).toMatchObject({ orders: 28 });
    await setFleetConcurrency(redis, undefined);
    await until(() => worker.health().concurrency === 8, 'its own is in force again');
    expect(await inHand()).toBe(4);
    await recordThese();
    await untilInHand(8);
    expect(await idle.read.global()).toMatchObject({ orders: 32 });
  });
});
