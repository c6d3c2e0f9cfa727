import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Partition } from '../../src/store/partitions.ts';
import { anOrder } from '../support/orders.ts';
import { type TestWorkers, testWorkers } from './workers.ts';

describe('an order whose user was edited', () => {
  let workers: TestWorkers;
  let here: Partition;
  let there: Partition;
  let userHere: string;
  let userThere: string;

  beforeAll(async () => {
    workers = await testWorkers(2, { attempts: 2 });
    await workers.start();
    [here, there] = workers.partitions.all as [Partition, Partition];
  });
  afterAll(() => workers.stop());

  let round = 0;
  beforeEach(() => {
    round += 1;
    const users = Array.from({ length: 64 }, (_, index) => `R${round}U${index}`);
    userHere = users.find((user) => workers.partitions.of(user) === here) as string;
    userThere = users.find((user) => workers.partitions.of(user) === there) as string;
  });

  /** Edits a failed job and has it tried again, as an operator does. */
  async function repair(userId: string, id: string, order: Record<string, unknown>): Promise<void> {
    const job = await workers.job(userId, id, 'failed');
    await job.updateData({ ...job.data, order });
    await job.retry('failed', { resetAttemptsMade: true });
  }

  it("counts in its new user's partition", async () => {
    await workers.add('a', anOrder({ user_id: userHere, order_value: 1 }));
    await repair(userHere, 'a', anOrder({ user_id: userThere }));
    expect((await workers.job(userHere, 'a', 'completed')).returnvalue).toEqual({
      outcome: 'moved',
      to: there.index,
    });
    const moved = await workers.job(userThere, `a~${there.index}`, 'completed');
    expect(moved.returnvalue).toEqual({ outcome: 'counted' });
    expect(moved.data.message.id).toBe('a');
    expect(await workers.read.user(userThere)).toEqual({ orders: 1, minorUnits: 200_000 });
    expect(await workers.read.user(userHere)).toBeUndefined();
  });

  it('counts once after it was moved away, back and away again', async () => {
    // Refused at both places at first: either user has an order of this id with other content.
    await workers.add('b', anOrder({ user_id: userHere }));
    await workers.add('c', anOrder({ user_id: userThere }));
    await workers.job(userHere, 'b', 'completed');
    await workers.job(userThere, 'c', 'completed');
    const changed = { order_timestamp: '2024-12-16T13:00:01Z' };
    await workers.add('d', anOrder({ user_id: userHere, ...changed }));
    await repair(userHere, 'd', anOrder({ user_id: userThere, ...changed }));
    const away = `d~${there.index}`;
    await repair(userThere, away, anOrder({ user_id: userHere, ...changed }));
    const back = `${away}~${here.index}`;
    await repair(userHere, back, anOrder({ user_id: userThere, ...changed, order_id: 'ORD1238' }));
    const last = await workers.job(userThere, `${back}~${there.index}`, 'completed');
    expect(last.returnvalue).toEqual({ outcome: 'counted' });
    expect(await workers.read.user(userHere)).toEqual({ orders: 1, minorUnits: 200_000 });
    expect(await workers.read.user(userThere)).toEqual({ orders: 2, minorUnits: 400_000 });
  });

  it('counts where it started when it failed in the other partition and was edited back', async () => {
    await workers.add('e', anOrder({ user_id: userHere, order_value: 1 }));
    const blocked = `${there.tag}:user:${userThere}`;
    await workers.redis.client().set(blocked, 'foreign');
    await repair(userHere, 'e', anOrder({ user_id: userThere }));
    await repair(userThere, `e~${there.index}`, anOrder({ user_id: userHere }));
    const back = await workers.job(userHere, `e~${there.index}~${here.index}`, 'completed');
    expect(back.returnvalue).toEqual({ outcome: 'counted' });
    await workers.redis.client().del(blocked);
    expect(await workers.read.user(userHere)).toEqual({ orders: 1, minorUnits: 200_000 });
    expect(await workers.read.user(userThere)).toBeUndefined();
  });

  it('counts once when a worker died between adding it there and completing it here', async () => {
    const order = anOrder({ user_id: userThere });
    await workers.add(`f~${there.index}`, order);
    await workers.job(userThere, `f~${there.index}`, 'completed');
    await workers.add('f', order, here);
    await workers.job(userHere, 'f', 'completed');
    expect(await workers.read.user(userThere)).toEqual({ orders: 1, minorUnits: 200_000 });
    expect(await workers.queueOf(userThere).getJobCountByTypes('waiting', 'active', 'delayed')).toBe(0);
  });

  it('counts once when it is sent again after it was moved', async () => {
    await workers.add('g', anOrder({ user_id: userThere }), here);
    await workers.job(userThere, `g~${there.index}`, 'completed');
    await workers.add('h', anOrder({ user_id: userThere }));
    expect((await workers.job(userThere, 'h', 'completed')).returnvalue).toEqual({ outcome: 'duplicate' });
    expect(await workers.read.user(userThere)).toEqual({ orders: 1, minorUnits: 200_000 });
  });
});
