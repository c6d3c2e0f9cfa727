import { Cluster, type Redis } from 'ioredis';
import { masters } from './connections.ts';
import { isFrom, readInfo } from './info.ts';

/** What the product leans on: WAIT and ZMSCORE aside, BullMQ is only tested from here on. */
const OLDEST = [6, 2] as const;

/**
 * Refuses a server the promise cannot be kept on: one that evicts keys under memory pressure would drop jobs and
 * totals without a word. BullMQ only warns about it. Every master of a cluster is asked. A database that is not there is
 * refused as well.
 */
export async function checkRedis(redis: Redis | Cluster): Promise<void> {
  for (const server of masters(redis)) {
    const info = await readInfo(server, 'server', 'memory');
    if (!isFrom(info, OLDEST)) {
      throw new Error(
        `Redis ${info.get('redis_version')} is too old: at least ${OLDEST.join('.')} is needed`,
      );
    }
    const policy = info.get('maxmemory_policy');
    if (policy !== undefined && policy !== 'noeviction') {
      throw new Error(
        `Redis has maxmemory-policy ${policy}, which drops orders and totals when memory runs short: ` +
          'set it to noeviction',
      );
    }
  }
  await checkDatabase(redis);
}

/** ioredis goes on in database 0 when the one it asked for is refused. */
async function checkDatabase(redis: Redis | Cluster): Promise<void> {
  if (redis instanceof Cluster) return;
  const asked = redis.options.db ?? 0;
  const own = String(await redis.client('INFO'));
  if (/\bdb=(\d+)/.exec(own)?.[1] !== String(asked)) {
    throw new Error(
      `Redis has no database ${asked}: set REDIS_DB, or the number in REDIS_URL, to one it has`,
    );
  }
}
