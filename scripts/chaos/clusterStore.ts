import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { startCluster, untilCluster } from '../cluster/startCluster.ts';
import type { Store, StoreOptions } from './store.ts';

const MASTERS = 3;
/** One failure at a time is what a single replica makes good: the next one waits until all replicas are back. */
const WHOLE_WITHIN_MS = 60_000;

/** A Redis Cluster of three masters with a replica each; a killed or frozen master is replaced by its replica. */
export async function startClusterStore(
  { folder, onFault }: StoreOptions,
  guard: (child: ChildProcess) => void,
): Promise<Store> {
  mkdirSync(folder, { recursive: true });
  const cluster = await startCluster(MASTERS, { replicas: true, folder, guard });
  let stopped = false;
  /** The server and the one that has the same slots. */
  const pair = (index: number) => [index, (index + MASTERS) % (MASTERS * 2)] as const;
  const leading = async (pick: number) => {
    const [one, other] = pair(pick % MASTERS);
    return (await cluster.isMaster(one)) ? pair(one) : pair(other);
  };
  let last: Promise<void> = Promise.resolve();
  const whole = () => untilCluster(() => cluster.isWhole(), 'it is whole', WHOLE_WITHIN_MS);
  const takenOver = (replica: number) =>
    untilCluster(() => cluster.isMaster(replica), 'a replica has taken over');
  // The schedule goes on meanwhile: a failover takes seconds, and what happens during them is the point.
  const oneByOne = async (fault: () => Promise<void>) => {
    last = last.then(async () => {
      if (stopped) return;
      await whole();
      await fault();
    });
    last.catch(() => {});
  };

  return {
    environment: () => ({ REDIS_CLUSTER_NODES: cluster.nodes, DURABILITY: 'replicas:1' }),
    connect: () =>
      new Cluster(cluster.addresses, {
        redisOptions: { maxRetriesPerRequest: null },
        clusterRetryStrategy: () => 200,
      }),
    crash: (ms) =>
      oneByOne(async () => {
        const [master, replica] = await leading(ms);
        onFault('master killed');
        await cluster.kill(master);
        await takenOver(replica);
        await cluster.restart(master);
      }),
    freeze: (ms) =>
      oneByOne(async () => {
        const [master, replica] = await leading(ms);
        const wake = cluster.freeze(master);
        try {
          if (ms % 2 === 0) await delay(ms);
          // It then wakes as a master that was replaced, with connections of those that have not heard of it.
          else await takenOver(replica);
          onFault(ms % 2 === 0 ? 'master frozen' : 'master frozen until replaced');
        } finally {
          wake();
        }
      }),
    async cut() {
      const cut = await Promise.all(cluster.addresses.map(cutAll));
      if (cut.includes(true)) onFault('connections cut: of all to a cluster');
    },
    calm: () => last.then(whole),
    async stop() {
      stopped = true;
      await last.catch(() => {});
      await cluster.stop();
    },
  };
}

async function cutAll({ host, port }: { host: string; port: number }): Promise<boolean> {
  const redis = new Redis(port, host, { maxRetriesPerRequest: 0, commandTimeout: 1_000 });
  redis.on('error', () => {});
  // A server that is away or hangs has no connections worth breaking.
  const done = redis.call('CLIENT', 'KILL', 'TYPE', 'normal').then(
    () => true,
    () => false,
  );
  return done.finally(() => redis.disconnect());
}
