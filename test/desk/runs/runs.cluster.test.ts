import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Cluster } from 'ioredis';
import { type LocalCluster, startCluster } from '../../../scripts/cluster/startCluster.ts';
import { makeAuditLog } from '../../../src/audit/auditLog.ts';
import { deleteOrders, restore, setAside } from '../../../src/desk/aside/moveJobs.ts';
import { readAside } from '../../../src/desk/aside/readAside.ts';
import { proposal } from '../../../src/desk/causes/proposal.ts';
import { holdCause, releaseCause } from '../../../src/desk/hold/holds.ts';
import { groups, search } from '../../../src/desk/orders/reads.ts';
import { show } from '../../../src/desk/orders/show.ts';
import { driveRun } from '../../../src/desk/runs/driveRun.ts';
import { readReceipt } from '../../../src/desk/runs/receipt.ts';
import { beginRun, controlRun, type RunParts, readRun } from '../../../src/desk/runs/runs.ts';
import { findRecipe, removeRecipe, saveRecipe } from '../../../src/desk/saved/savedRecipes.ts';
import { makeParseOrder } from '../../../src/orders/parseOrder.ts';
import { reconcileFailures } from '../../../src/queue/failures/reconcile.ts';
import { openOrderQueues } from '../../../src/queue/orderQueues.ts';
import { closeRedis, connectRedis, untilReady } from '../../../src/store/connections.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { RULES } from '../../support/orders.ts';
import { until } from '../../support/until.ts';
import { COMMA, priced } from './failing.ts';

const POLICY = { attempts: 1, backoffMs: 1, keepCompleted: 0, failedRetentionDays: undefined };
const WHO = { kind: 'open' } as const;

describe('on a Redis Cluster', () => {
  let cluster: LocalCluster;
  let redis: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(3);
    const target = { kind: 'cluster' as const, nodes: cluster.addresses, tls: false };
    redis = connectRedis(target, 'fail_fast', { onError: () => {} }) as Cluster;
    await untilReady(redis);
  });
  afterAll(async () => {
    if (redis) closeRedis(redis);
    await cluster?.stop();
  });

  it('causes, runs, receipts and what is set aside work over all partitions', async () => {
    const partitions = makePartitions(5);
    const queues = await openOrderQueues(redis, partitions, POLICY, () => {});
    for (let n = 0; n < 20; n += 1) {
      const partition = partitions.of(`U${n % 7}`);
      const message = { id: `J${n}`, sentAt: '2025-01-01T00:00:00Z', receiveCount: 1 };
      await queues.add(partition, [{ id: `J${n}`, data: { order: priced(n), message } }]);
      await redis.lrem(`${partition.tag}:orders:wait`, 1, `J${n}`);
      await redis.hset(
        `${partition.tag}:orders:J${n}`,
        'failedReason',
        'wrong_type: items[0].price_per_unit must be a number',
      );
      await redis.zadd(`${partition.tag}:orders:failed`, 1_000 + n, `J${n}`);
    }
    for (const partition of partitions.all) await reconcileFailures(redis, partition, { alone: true });
    const parts: RunParts = {
      redis,
      partitions,
      rules: {
        parse: makeParseOrder(RULES),
        reading: { envelope: 'auto', maxBodyBytes: 100_000 },
        sumFields: [],
        idCase: 'upper' as const,
      },
      ledgerRetentionDays: 35,
      currency: RULES.currency,
      audit: makeAuditLog(redis, { retentionDays: 400 }),
      auditRetentionDays: 400,
    };
    const listed = await groups(parts);
    expect(listed).toMatchObject({ orders: 20, groups: [{ reason: 'wrong_type', orders: 20, users: 7 }] });
    const cause = listed.groups[0]?.cause ?? '';
    const { proposal: proposed, features } = await proposal(parts, { cause });
    expect(proposed).toEqual({ recipe: COMMA, passes: 20, of: 20 });
    expect(features).toContainEqual({ name: 'product_id', value: 'P', orders: 20, of: 20 });
    await holdCause(parts, WHO, cause, 'x');
    expect(await groups(parts)).toMatchObject({ orders: 20, held: 1, groups: [] });
    await releaseCause(parts, WHO, cause, 'x');
    await saveRecipe(parts, WHO, { name: 'comma', recipe: COMMA, because: 'x' });
    expect(await findRecipe(redis, 'comma')).toEqual({ recipe: COMMA, recipeName: 'comma@1' });
    await removeRecipe(parts, WHO, { name: 'comma', because: 'x' });
    expect((await search(parts, { text: 'o1', limit: 50 })).orders).toHaveLength(11);
    expect(await show(parts, 'J3')).toMatchObject({
      state: 'failed',
      now: { fault: { reason: 'wrong_type' } },
    });
    expect(await setAside(parts, WHO, { jobs: ['J1', 'J2', 'J3'] }, 'x')).toEqual({ orders: 3, gone: 0 });
    expect(await restore(parts, WHO, { jobs: ['J3'] }, 'x')).toEqual({ orders: 1, gone: 0 });
    expect(await deleteOrders(parts, WHO, { aside: true, jobs: ['J1'] }, { count: 1, reason: 'x' })).toEqual({
      orders: 1,
      gone: 0,
    });
    expect((await readAside(redis, partitions.all, 9)).rows).toMatchObject([{ job: 'J2' }]);

    const wanted = { where: {}, recipe: COMMA, reason: 'x', rate: undefined, stopPercent: 20 };
    const run = await beginRun(parts, WHO, wanted);
    const driving = driveRun(parts, run.id, 'me', new AbortController().signal);
    await until(async () => (await readRun(parts, run.id))?.counts.sent === 10, 'ten are sent');
    await controlRun(parts, WHO, run.id, 'cancel');
    await driving;
    const { states } = await readReceipt(parts, run.id, 100);
    expect(states).toMatchObject({ 'under way': 10, left: 0 });
    await queues.close();
  });
});
