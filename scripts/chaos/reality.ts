import { Queue } from 'bullmq';
import { Cluster, type Redis } from 'ioredis';
import { noProgress } from '../../src/cli/kit/progress.ts';
import { verifyAll } from '../../src/cli/verify/verifyAll.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { readBacklog } from '../../src/store/archiveStand.ts';
import { masters } from '../../src/store/connections.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';

/** The jobs and the ledger as they are in Redis, seen past the product. */
export interface Reality {
  /** Jobs that are neither done nor failed. */
  underWay(): Promise<number>;
  /** Every job there is by its id, and the sets that name it: exactly one, if all is well. */
  jobs(): Promise<JobsFound>;
  /** Entries that wait to become history. */
  unarchived(): Promise<number>;
  ledger(): Promise<{ entries: number; duplicates: number }>;
  /** What `order-pipeline verify` finds different on one Redis: totals recomputed from their parts, the ledger counted. */
  unlike(): Promise<string[]>;
  close(): Promise<void>;
}

export interface JobsFound {
  /** Ids in the failed sets of all partitions, with what an operator would see. */
  failed: { id: string; data: OrderJob; reason: string }[];
  completed: string[];
  /** Jobs that exist and are in neither set. */
  limbo: string[];
}

const UNDER_WAY = ['waiting', 'active', 'delayed', 'prioritized', 'waiting-children'] as const;

/** `redis` is closed with it. */
export function openReality(redis: Redis | Cluster, partitionCount: number): Reality {
  redis.on('error', () => {});
  const layout = makePartitions(partitionCount);
  const partitions = layout.all;
  const queues = partitions.map(({ tag }) => {
    const queue = new Queue<OrderJob>(ORDER_QUEUE, { connection: redis, prefix: tag });
    queue.on('error', () => {});
    return queue;
  });
  const overAll = async <T>(ask: (queue: Queue<OrderJob>) => Promise<T[]>): Promise<T[]> =>
    (await Promise.all(queues.map(ask))).flat();

  return {
    async underWay() {
      const counts = await Promise.all(queues.map((queue) => queue.getJobCountByTypes(...UNDER_WAY)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async jobs() {
      const failed = await overAll((queue) => queue.getFailed(0, -1));
      const completed = await Promise.all(partitions.map(({ tag }) => ids(redis, `${tag}:${ORDER_QUEUE}`)));
      const ended = new Set([...failed.map(({ id }) => id), ...completed.flat()]);
      const pattern = `*:${ORDER_QUEUE}:????????-????-????-????-????????????*`;
      const keys = (await Promise.all(masters(redis).map((server) => server.keys(pattern)))).flat();
      const all = keys.map((key) => key.split(':')[2] as string).filter((_, index) => isJob(keys[index]));
      return {
        failed: failed.map(({ id, data, failedReason }) => ({
          id: id as string,
          data,
          reason: failedReason,
        })),
        completed: completed.flat(),
        limbo: all.filter((id) => !ended.has(id)),
      };
    },
    async unarchived() {
      return (await readBacklog(redis, layout)).entries;
    },
    async ledger() {
      const stands = await Promise.all(
        partitions.map((partition) => redis.hmget(statsKeys(partition).ledger, 'size', 'duplicates')),
      );
      const sum = (index: number) => stands.reduce((total, each) => total + Number(each[index] ?? 0), 0);
      return { entries: sum(0), duplicates: sum(1) };
    },
    async unlike() {
      // A scan asks a server itself, and of a cluster's the one asked may be gone in the middle.
      if (redis instanceof Cluster) return [];
      const { checks } = await verifyAll(redis, layout, noProgress);
      return checks
        .filter(({ verdict }) => verdict !== 'ok')
        .map(({ name, expected, found }) => `${name}: expected ${expected}, found ${found}`);
    },
    async close() {
      await Promise.all(queues.map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}

const ids = (redis: Redis | Cluster, queue: string): Promise<string[]> =>
  redis.zrange(`${queue}:completed`, '0', '-1');

/** A job's own hash: what else BullMQ keeps for it has one more part. */
const isJob = (key: string | undefined): boolean => key?.split(':').length === 3;
