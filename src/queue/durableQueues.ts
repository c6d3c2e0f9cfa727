import type { Cluster, Redis } from 'ioredis';
import { masters } from '../store/connections.ts';
import type { Durability } from '../store/durability.ts';
import type { Partition } from '../store/partitions.ts';
import type { OrderJob } from './orderJob.ts';
import type { OrderQueues } from './orderQueues.ts';

/** Queues whose `add` resolves only when the jobs are as safe as configured. */
export interface DurableQueues {
  /** Rejects when that is not certain; repeat it whole then, the ids make that harmless. */
  add(
    bulks: readonly { partition: Partition; jobs: readonly { id: string; data: OrderJob }[] }[],
  ): Promise<void>;
}

/**
 * The queues on a connection of their own, on which the confirmation is awaited too: Redis confirms what *this*
 * connection wrote. If the connection was lost in between, it may confirm on a server that never saw the jobs,
 * a replica just promoted for example, so that counts as failed. So does a change of masters: a server that was one while
 * it got the jobs is not asked any more, and those that are never had them.
 */
export function durableQueues(
  redis: Redis | Cluster,
  queues: OrderQueues,
  durability: Durability,
): DurableQueues {
  let losses = 0;
  for (const event of ['close', '-node', 'node error']) {
    redis.on(event, () => {
      losses += 1;
    });
  }
  return {
    async add(bulks) {
      const before = losses;
      const servers = masters(redis);
      await Promise.all(bulks.map(({ partition, jobs }) => queues.add(partition, jobs)));
      await durability.confirm(redis);
      if (losses !== before) throw new Error('the Redis connection was lost before the jobs were confirmed');
      if (!isSame(servers, masters(redis)))
        throw new Error('other servers lead than those that got the jobs');
    },
  };
}

const isSame = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every((one) => others.includes(one));
