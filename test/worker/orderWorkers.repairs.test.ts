import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { type Repair, repairShelf } from '../../src/queue/repairs.ts';
import { repairKeys } from '../../src/store/keys.ts';
import type { Partition } from '../../src/store/partitions.ts';
import { editFailed } from '../support/editing.ts';
import { anOrder } from '../support/orders.ts';
import { until } from '../support/until.ts';
import { type TestWorkers, testWorkers } from './workers.ts';

const DAY_MS = 86_400_000;

describe('what is kept of an edited order', () => {
  let workers: TestWorkers;
  let redis: Redis;
  let partition: Partition;
  const right = anOrder({ order_id: 'E1', user_id: 'U1' });

  beforeEach(async () => {
    workers = await testWorkers(1);
    redis = workers.redis.client();
    partition = workers.partitions.all[0] as Partition;
  });
  afterEach(() => workers.stop());

  const keptOf = async (id: string): Promise<{ edits?: Repair; repair?: Repair }> => {
    const keys = repairKeys(partition);
    const [edits, repair] = await Promise.all([redis.hget(keys.edits, id), redis.hget(keys.repairs, id)]);
    return {
      ...(edits === null ? {} : { edits: JSON.parse(edits) as Repair }),
      ...(repair === null ? {} : { repair: JSON.parse(repair) as Repair }),
    };
  };
  const shelf = (retentionDays = 400) => repairShelf(redis, partition, { retentionDays });
  /** An order that was refused, and edited so that it would count. */
  const edited = async (id: string) => {
    await workers.add(id, { ...right, order_value: 1 });
    await workers.start();
    const job = await workers.job('U1', id, 'failed');
    await editFailed(redis, partition, id, { ...job.data, order: right });
    return job;
  };

  it('moves when a worker died after the order counted: it runs again as a duplicate', async () => {
    const job = await edited('J1');
    // As if the worker had been killed between counting it and its next step.
    await workers.add('J0', right);
    await workers.job('U1', 'J0', 'completed');
    await job.retry('failed');
    await workers.job('U1', 'J1', 'completed');
    expect(await keptOf('J1')).toEqual({
      repair: expect.objectContaining({ outcome: { at: expect.any(String), outcome: 'duplicate' } }),
    });
    expect(await workers.read.global()).toMatchObject({ orders: 1, minorUnits: 200_000 });
  });

  it('does not keep an order from counting when it cannot be moved, and the sweep moves it later', async () => {
    const job = await edited('J1');
    const { repairs } = repairKeys(partition);
    await redis.set(repairs, 'something else');
    await job.retry('failed');
    await workers.job('U1', 'J1', 'completed');
    expect(await workers.read.global()).toMatchObject({ orders: 1, minorUnits: 200_000 });
    await redis.del(repairs);
    expect(await shelf().sweep(Date.now())).toBe(1);
    expect(await keptOf('J1')).toEqual({
      repair: expect.objectContaining({ outcome: { at: expect.any(String), outcome: 'counted' } }),
    });
  });

  it('moves in the sweep when the job was dropped by a retention, and stays while the job is there', async () => {
    const job = await edited('J1');
    expect(await shelf().sweep(Date.now())).toBe(0);
    expect(Object.keys(await keptOf('J1'))).toEqual(['edits']);
    await job.remove();
    expect(await shelf().sweep(Date.now())).toBe(1);
    expect(await keptOf('J1')).toEqual({
      repair: expect.objectContaining({ outcome: { at: expect.any(String), outcome: 'gone' } }),
    });
  });

  it('is found by a worker that starts, without anybody asking', async () => {
    const { edits } = repairKeys(partition);
    await redis.hset(edits, 'J1', '{"original":{},"failedReason":"","edits":[]}');
    await workers.start();
    await until(async () => (await keptOf('J1')).repair !== undefined, 'the sweep at the start moves it');
  });

  it('is dropped after its days, and kept until then', async () => {
    const job = await edited('J1');
    await job.retry('failed');
    await workers.job('U1', 'J1', 'completed');
    await shelf(30).sweep(Date.now() + 29 * DAY_MS);
    expect(Object.keys(await keptOf('J1'))).toEqual(['repair']);
    await shelf(30).sweep(Date.now() + 31 * DAY_MS);
    expect(await keptOf('J1')).toEqual({});
    expect(await redis.keys(`${partition.tag}:repairs*`)).toEqual([]);
  });

  it('costs an order that nobody edited no command', async () => {
    const asked = async () => /cmdstat_hkeys/.test(await redis.info('commandstats'));
    await workers.start();
    await until(asked, 'the sweep at the start has looked');
    // Whoever asks for edits of a job now is told that this is no hash.
    await redis.set(repairKeys(partition).edits, 'something else');
    await redis.config('RESETSTAT');
    await workers.add('N1', right);
    await workers.job('U1', 'N1', 'completed');
    expect(await redis.info('errorstats')).not.toContain('WRONGTYPE');
  });
});
