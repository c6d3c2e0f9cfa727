import type { Cluster, Redis } from 'ioredis';
import type { Partitions } from '../../store/partitions.ts';
import { statsKeys } from '../../store/statsKeys.ts';
import { keysOf, replies } from '../kit/redisPages.ts';
import { Differences } from './differences.ts';
import { readUser } from './users.ts';

/** Lookups that travel together. */
const AT_ONCE = 500;

/**
 * Users with a hash of their own whom neither list names: a walk along the lists never meets them.
 * The only way to find their keys is to look at all.
 */
export async function strayUsers(
  redis: Redis | Cluster,
  partitions: Partitions,
  onLooked: (keys: number) => void,
): Promise<Differences> {
  const strays = new Differences();
  const byTag = new Map(partitions.all.map((partition) => [partition.tag, partition]));
  for await (const { server, keys } of keysOf(redis, partitions.all, onLooked)) {
    const users = keys.flatMap((key) => {
      const partition = byTag.get(key.slice(0, key.indexOf(':')));
      const start = partition === undefined ? '' : statsKeys(partition).user('');
      return partition && key.startsWith(start) ? [{ partition, userId: key.slice(start.length) }] : [];
    });
    for (let from = 0; from < users.length; from += AT_ONCE) {
      const some = users.slice(from, from + AT_ONCE);
      const pipe = server.pipeline();
      for (const { partition, userId } of some) {
        const { bySpend, byCount } = statsKeys(partition);
        pipe.zscore(bySpend, userId).zscore(byCount, userId);
      }
      const scores = await replies<string | null>(pipe);
      for (const [index, { partition, userId }] of some.entries()) {
        if ((scores[2 * index] ?? scores[2 * index + 1]) === null)
          strays.note(await readUser(redis, partition, userId));
      }
    }
  }
  return strays;
}
