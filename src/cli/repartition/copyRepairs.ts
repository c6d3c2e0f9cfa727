import type { Cluster, Redis } from 'ioredis';
import { queueKey, repairKeys } from '../../store/keys.ts';
import type { Partition } from '../../store/partitions.ts';
import { replies } from '../kit/redisPages.ts';
import type { Part } from './part.ts';
import type { Split } from './split.ts';

/** A repair holds all that an order ever was: up to some megabytes. */
const AT_ONCE = 20;

/**
 * What is kept of edited orders and not beside a job that is copied: repairs, and edits whose job is left behind or
 * gone. Whose they are is not looked at: they go to the heir. Edits beside a job go where it goes, see copyJobs.
 */
export async function repairParts(redis: Redis | Cluster, source: Partition, split: Split): Promise<Part[]> {
  const [from, heir] = [repairKeys(source), split.heirOf(source)];
  const to = repairKeys(heir);
  const edited = (await redis.hkeys(from.edits)).sort();
  const count = await redis.zcard(from.ended);
  return [
    {
      size: edited.length,
      batch: AT_ONCE,
      async copy(start, end) {
        for (const id of edited.slice(start, end)) {
          if (!(await isLeftBehind(redis, source, id))) continue;
          const repair = await redis.hget(from.edits, id);
          if (repair !== null)
            await redis.hset(to.edits, await freeName(redis, to.edits, id, repair, source), repair);
        }
      },
    },
    {
      size: count,
      batch: AT_ONCE,
      async copy(start, end) {
        const listed = await redis.zrange(from.ended, start, String(end - 1), 'WITHSCORES');
        for (let at = 0; at < listed.length; at += 2) {
          const [id, ended] = [listed[at] as string, listed[at + 1] as string];
          const repair = await redis.hget(from.repairs, id);
          if (repair === null) continue;
          const name = await freeName(redis, to.repairs, id, repair, source);
          await redis.hset(to.repairs, name, repair);
          await redis.zadd(to.ended, ended, name);
        }
      },
    },
  ];
}

/** Two old partitions may hold one id. A run that comes again finds its own under the same name. */
async function freeName(
  redis: Redis | Cluster,
  key: string,
  id: string,
  value: string,
  source: Partition,
): Promise<string> {
  const there = await redis.hget(key, id);
  return there === null || there === value ? id : `${id}~${source.index}`;
}

async function isLeftBehind(redis: Redis | Cluster, source: Partition, id: string): Promise<boolean> {
  const pipe = redis.pipeline();
  pipe.exists(queueKey(source, id)).zscore(queueKey(source, 'completed'), id);
  const [exists, completed] = await replies<number | string | null>(pipe);
  return exists === 0 || completed !== null;
}

export interface RepairCounts {
  edits: number;
  repairs: number;
  ended: number;
}

/** How many there are over some partitions. */
export async function countRepairs(
  redis: Redis | Cluster,
  partitions: readonly Partition[],
): Promise<RepairCounts> {
  const counts = { edits: 0, repairs: 0, ended: 0 };
  for (const partition of partitions) {
    const keys = repairKeys(partition);
    const pipe = redis.pipeline();
    pipe.hlen(keys.edits).hlen(keys.repairs).zcard(keys.ended);
    const [edits = 0, repairs = 0, ended = 0] = await replies<number>(pipe);
    counts.edits += edits;
    counts.repairs += repairs;
    counts.ended += ended;
  }
  return counts;
}
