import { describe, expect, it } from '@jest/globals';
import { durableQueues } from '../../src/queue/durableQueues.ts';
import { openOrderQueues } from '../../src/queue/orderQueues.ts';
import { connectRedis } from '../../src/store/connections.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';
import { inRig } from './rig.ts';

interface Pair {
  master: TestRedis;
  replica: TestRedis;
}

async function withReplica(use: (pair: Pair) => Promise<void>): Promise<void> {
  const master = await startTestRedis(['--repl-diskless-sync-delay', '0']);
  const replica = await startTestRedis(['--replicaof', '127.0.0.1', String(master.port)]);
  const online = async () => /slave0:.*state=online/.test(await master.client().info('replication'));
  try {
    await until(online, 'the replica follows');
    await use({ master, replica });
  } finally {
    await replica.stop();
    await master.stop();
  }
}

describe('DURABILITY=replicas:1', () => {
  it('deletes no message while the replica hangs, and all once it is back', () =>
    withReplica(({ master, replica }) =>
      inRig(
        async (rig) => {
          const app = await rig.start({ DURABILITY: 'replicas:1' });
          await rig.sendOrders(10);
          await rig.settled();

          const deletes = rig.proxy.calls('DeleteMessageBatch');
          process.kill(replica.pid, 'SIGSTOP');
          await rig.sendOrders(10);
          await until(async () => (await rig.jobs()) === 20, 'the master has the jobs');
          const unconfirmed = ({ error = '' }) => error === '0 of 1 replicas confirmed the write within 5 s';
          await until(() => rig.log().some(unconfirmed), 'the confirmation has failed');
          const degraded = await app.health();
          expect(degraded.status).toBe('degraded');
          expect(degraded.troubles).toEqual([
            {
              what: 'jobs',
              since: expect.any(String),
              reason:
                'no job can be made safe, so messages stay in the inbox: 0 of 1 replicas confirmed the write within 5 s',
            },
          ]);
          expect(rig.proxy.calls('DeleteMessageBatch')).toBe(deletes);
          process.kill(replica.pid, 'SIGCONT');
          await rig.settled();
          expect(rig.proxy.calls('DeleteMessageBatch')).toBeGreaterThan(deletes);
        },
        { redisPort: master.port },
      )(),
    ));

  it('is refused with fewer replicas than that, and says how many there are', () =>
    withReplica(async ({ master }) => {
      expect((await chooseDurability(master.client(), 'replicas:1')).level).toBe('replicas:1');
      await expect(chooseDurability(master.client(), 'replicas:2')).rejects.toThrow(
        'DURABILITY=replicas:2 cannot be had: a Redis master has 1 connected replicas',
      );
    }));
});

describe('a connection lost between an add and its confirmation', () => {
  it('leaves the add unconfirmed, and repeating it is harmless', () =>
    withReplica(async ({ master }) => {
      const proxy = await startTcpProxy(master.port);
      // It sends the confirmation again on its next connection: of that one, Redis would confirm anything.
      const redis = connectRedis(
        { kind: 'server', host: '127.0.0.1', port: proxy.port, tls: false },
        'patient',
        { onError: () => {} },
      );
      const partitions = makePartitions(1);
      const policy = { attempts: 1, backoffMs: 1, keepCompleted: 0, failedRetentionDays: undefined };
      const queues = await openOrderQueues(redis, partitions, policy, () => {});
      try {
        const durable = durableQueues(redis, queues, await chooseDurability(redis, 'replicas:1'));
        const message = { id: 'm', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };
        const jobs = ['m-1', 'm-2', 'm-3'].map((id) => ({ id, data: { order: {}, message } }));
        const bulks = [{ partition: partitions.all[0] as Partition, jobs }];

        const cut = proxy.cutInside((chunk) => (/\bWAIT\b/i.test(chunk.toString('latin1')) ? 0 : undefined));
        await expect(durable.add(bulks)).rejects.toThrow(
          'the Redis connection was lost before the jobs were confirmed',
        );
        await cut;
        expect(await queues.all[0]?.getWaitingCount()).toBe(3);
        await durable.add(bulks);
        expect(await queues.all[0]?.getWaitingCount()).toBe(3);
      } finally {
        await queues.close();
        redis.disconnect();
        await proxy.stop();
      }
    }));
});
