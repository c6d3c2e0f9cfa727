import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { proposal } from '../../../src/desk/causes/proposal.ts';
import { sample } from '../../../src/desk/causes/sample.ts';
import { groups } from '../../../src/desk/orders/reads.ts';
import { noteAll } from '../../../src/queue/failures/noteFailures.ts';
import { failureKeys, queueKey } from '../../../src/store/keys.ts';
import type { Partition } from '../../../src/store/partitions.ts';
import { type TestWorkers, testWorkers } from '../../worker/workers.ts';
import { COMMA, fail, partsOf, priced } from '../runs/failing.ts';

describe('a look at some orders of a cause', () => {
  let workers: TestWorkers;
  beforeEach(async () => {
    workers = await testWorkers(2);
    await workers.start();
  });
  afterEach(() => workers.stop());

  it('finds what most share beside the recipe, of the orders that are meant alone', async () => {
    await fail(workers, [
      ...[1, 2, 3].map((n) => priced(n, `${n},50`, { payment_method: 'Klarna' })),
      ...[4, 5, 6, 7, 8].map((n) => priced(n, null, { payment_method: 'Cash' })),
      null,
    ]);
    const parts = partsOf(workers);
    const shared = async (where: object) =>
      (await proposal(parts, where)).features.find(({ name }) => name === 'payment_method');
    const comma = { reason: 'wrong_type' as const };
    expect(await shared(comma)).toEqual({ name: 'payment_method', value: 'Klarna', orders: 3, of: 3 });
    expect(await shared({})).toEqual({ name: 'payment_method', value: 'Cash', orders: 5, of: 9 });
    expect(await shared({ jobs: ['j0', 'j1', 'none'] })).toMatchObject({ value: 'Klarna', orders: 2, of: 2 });
    expect((await proposal(parts, comma)).proposal).toEqual({ recipe: COMMA, passes: 3, of: 3 });
  });

  it('takes 50 at most, half of the first that failed, half of the last', async () => {
    const redis = workers.redis.client();
    const { all } = workers.partitions;
    for (const [at, partition] of all.entries()) {
      const jobs = Array.from({ length: 800 }, (_, n) => ({ job: `s${at}-${n}`, failedOn: String(n + 1) }));
      await redis.zadd(
        queueKey(partition as Partition, 'failed'),
        ...jobs.flatMap(({ job, failedOn }) => [failedOn, job]),
      );
      const noted = { attempts: 1, causes: ['fault\n\n'], places: '', names: '"","' };
      await noteAll(
        redis,
        partition as Partition,
        jobs.map((job) => ({ ...job, ...noted })),
        { found: true },
      );
    }
    const numbers = (await sample(redis, all, {})).map(({ job }) => Number(job.split('-')[1]));
    expect(numbers).toHaveLength(50);
    expect(Math.max(...numbers.slice(0, 25))).toBeLessThan(15);
    expect(Math.min(...numbers.slice(25))).toBeGreaterThan(785);
  });

  it('comes with whether the cause is of today, by the clock of Redis, and with the currency', async () => {
    await fail(workers, [priced(1), priced(2, null)]);
    const parts = partsOf(workers);
    const redis = workers.redis.client();
    const found = await groups(parts);
    expect(found.currency).toBe('USD');
    expect(found.groups.map(({ new: isNew }) => isNew)).toEqual([true, true]);
    const old = found.groups[0]?.cause;
    const yesterday = Number((await redis.time())[0]) * 1_000 - 86_400_000;
    for (const partition of workers.partitions.all) {
      const { causes } = failureKeys(partition);
      if (await redis.hexists(causes, `${old}:first`)) await redis.hset(causes, `${old}:first`, yesterday);
    }
    expect((await groups(parts)).groups.map(({ cause, new: isNew }) => [cause === old, isNew])).toEqual([
      [true, false],
      [false, true],
    ]);
  });
});
