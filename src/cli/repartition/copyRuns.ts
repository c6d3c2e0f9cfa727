import type { Cluster, Redis } from 'ioredis';
import { ACTIVE_RUNS_KEY, RUNS_KEY, runKeys } from '../../store/keys.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { pairs } from '../kit/redisPages.ts';
import type { Part } from './part.ts';
import { Refusal } from './preflight.ts';
import type { Split } from './split.ts';

const ROWS_AT_ONCE = 200;

/** What runs of repairs did to the orders of an old partition, to its heir: that is where their repairs go. */
export async function runParts(redis: Redis | Cluster, source: Partition, split: Split): Promise<Part> {
  const runs = await redis.zrange(RUNS_KEY, 0, '-1');
  return {
    size: runs.length,
    batch: 1,
    async copy(from, until) {
      for (const run of runs.slice(from, until)) {
        const [old, next] = [runKeys(source, run).rows, runKeys(split.heirOf(source), run).rows];
        let cursor = '0';
        do {
          const [more, flat] = await redis.hscan(old, cursor, 'COUNT', ROWS_AT_ONCE);
          if (flat.length > 0) await redis.hset(next, Object.fromEntries(pairs(flat)));
          cursor = more;
        } while (cursor !== '0');
        const expires = await redis.pttl(old);
        if (expires > 0) await redis.pexpire(next, expires);
      }
    },
  };
}

/** How many orders there are in the receipts of all runs. */
export async function countRows(redis: Redis | Cluster, { all }: Partitions): Promise<number> {
  let rows = 0;
  for (const run of await redis.zrange(RUNS_KEY, 0, '-1')) {
    for (const partition of all) rows += await redis.hlen(runKeys(partition, run).rows);
  }
  return rows;
}

/** @throws Refusal while a run has orders whose turn is to come: they are listed by partition. */
export async function refuseWhileRepairing(redis: Redis | Cluster): Promise<void> {
  const runs = await redis.smembers(ACTIVE_RUNS_KEY);
  if (runs.length === 0) return;
  throw new Refusal(
    `${runs.length} runs of repairs have not ended: wait, or cancel them with order-pipeline failed cancel`,
  );
}
