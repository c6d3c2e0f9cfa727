import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type JobPolicy, type OrderQueues, openOrderQueues } from '../../src/queue/orderQueues.ts';
import { closeRedis, connectRedis, untilReady } from '../../src/store/connections.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { anOrder } from '../support/orders.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcpProxy.ts';

const POLICY: JobPolicy = {
  attempts: 5,
  backoffMs: 1_000,
  keepCompleted: 1_000,
  failedRetentionDays: undefined,
};
const partitions = makePartitions(2);
const [first, second] = partitions.all as [Partition, Partition];
const data = (id: string) => ({
  order: anOrder({ order_id: id }),
  message: { id, sentAt: '', receiveCount: 1 },
});
const job = (id: string) => ({ id, data: data(id) });

describe('the queues of the partitions', () => {
  let redis: TestRedis;
  let queues: OrderQueues;

  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(() => redis.client().flushall());
  afterEach(() => queues.close());

  async function open(policy: Partial<JobPolicy> = {}): Promise<OrderQueues> {
    queues = await openOrderQueues(redis.client(), partitions, { ...POLICY, ...policy }, () => {});
    return queues;
  }

  async function optionsOf(policy: Partial<JobPolicy> = {}) {
    await (await open(policy)).add(first, [job('message-1')]);
    return (await queues.all[0]?.getJob('message-1'))?.opts;
  }

  it('keep each job in its partition, under the id of its message', async () => {
    await (await open()).add(first, [job('message-1'), job('message-2')]);
    await queues.add(second, [job('message-3')]);
    expect((await queues.all[0]?.getWaiting())?.map(({ id }) => id).sort()).toEqual([
      'message-1',
      'message-2',
    ]);
    expect((await queues.all[1]?.getWaiting())?.map(({ id, data: kept }) => [id, kept])).toEqual([
      ['message-3', data('message-3')],
    ]);
  });

  it("write nothing outside their partitions' tags", async () => {
    await (await open()).add(first, [job('message-1')]);
    await queues.add(second, [job('message-2')]);
    const outside = (await redis.client().keys('*')).filter(
      (key) => !key.startsWith(`${first.tag}:orders:`) && !key.startsWith(`${second.tag}:orders:`),
    );
    expect(outside).toEqual([]);
  });

  it('hold a message that was delivered twice once', async () => {
    await (await open()).add(first, [job('message-1'), job('message-1')]);
    await queues.add(first, [job('message-1')]);
    expect(await queues.all[0]?.getWaitingCount()).toBe(1);
  });

  it('take no job at all from an empty list', async () => {
    await (await open()).add(first, []);
    expect(await queues.all[0]?.getJobCountByTypes('waiting', 'delayed')).toBe(0);
  });

  it('retry as often as configured, later and later, and not all at once', async () => {
    expect(await optionsOf({ attempts: 7, backoffMs: 250 })).toMatchObject({
      attempts: 7,
      backoff: { type: 'exponential', delay: 250, jitter: 0.5 },
    });
  });

  it('keep failed orders until someone acts, unless a retention is configured', async () => {
    expect((await optionsOf())?.removeOnFail).toBe(false);
    await redis.client().flushall();
    await queues.close();
    expect((await optionsOf({ failedRetentionDays: 30 }))?.removeOnFail).toEqual({ age: 30 * 86_400 });
  });

  it('keep the last completed orders, or none', async () => {
    expect((await optionsOf({ keepCompleted: 10 }))?.removeOnComplete).toEqual({ count: 10 });
    await redis.client().flushall();
    await queues.close();
    expect((await optionsOf({ keepCompleted: 0 }))?.removeOnComplete).toBe(true);
  });
});

describe('while Redis is away', () => {
  it('as the queues are opened, they take jobs once it is back', async () => {
    const redis = await startTestRedis();
    const wire = await startTcpProxy(redis.port);
    const connection = connectRedis(
      { kind: 'server', host: '127.0.0.1', port: wire.port, tls: false },
      'fail_fast',
      { onError: () => {} },
    );
    await untilReady(connection);
    const cut = wire.cutInside((chunk) => (chunk.includes('info') ? 0 : undefined));
    const queues = await openOrderQueues(connection, partitions, POLICY, () => {});
    await cut;
    await queues.add(first, [job('message-1')]);
    expect(await queues.all[0]?.getWaitingCount()).toBe(1);
    await queues.close();
    closeRedis(connection);
    await wire.stop();
    await redis.stop();
  });

  it('an add rejects instead of hanging, so that the messages stay in SQS', async () => {
    const redis = await startTestRedis();
    const connection = connectRedis(
      { kind: 'server', host: redis.host, port: redis.port, tls: false },
      'fail_fast',
      { onError: () => {} },
    );
    const queues = await openOrderQueues(connection, partitions, POLICY, () => {});
    await redis.stop();
    await expect(queues.add(first, [job('message-1')])).rejects.toThrow();
    connection.disconnect();
    await queues.close();
  });
});
