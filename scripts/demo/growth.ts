import { Queue } from 'bullmq';
import type { Config } from '../../src/config/config.ts';
import type { Spender } from '../../src/stats/figures.ts';
import { makeReadStats } from '../../src/stats/read/readStats.ts';
import { closeRedis, connectRedis } from '../../src/store/connections.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import type { RedisTarget } from '../../src/store/redisTarget.ts';

/** How messages have ended so far. */
export interface Endings {
  counted: number;
  minorUnits: number;
  duplicates: number;
  refused: number;
}

/** Looks at Redis beside the running product, so that the demo can tell growth from what was there before. */
export interface LedgerView {
  read(): Promise<Endings>;
  grownSince(before: Endings): Promise<Endings>;
  /** Failed orders by their first reason, of messages that arrived from then on (ms since 1970). */
  refusedSince(time: number): Promise<Map<string, number>>;
  topSpenders(limit: number): Promise<Spender[]>;
  close(): Promise<void>;
}

export function openLedgerView(target: RedisTarget, config: Config): LedgerView {
  const redis = connectRedis(target, 'patient', { onError: () => {} });
  const partitions = makePartitions(config.partitions);
  const stats = makeReadStats(redis, partitions);
  const queues = partitions.all.map(({ tag }) => new Queue(ORDER_QUEUE, { connection: redis, prefix: tag }));

  const read = async (): Promise<Endings> => {
    const [{ orders, minorUnits }, duplicates, failed] = await Promise.all([
      stats.global(),
      stats.duplicates(),
      Promise.all(queues.map((queue) => queue.getFailedCount())),
    ]);
    return {
      counted: orders,
      minorUnits,
      duplicates,
      refused: failed.reduce((sum, count) => sum + count, 0),
    };
  };

  return {
    read,
    async grownSince(before) {
      const now = await read();
      return {
        counted: now.counted - before.counted,
        minorUnits: now.minorUnits - before.minorUnits,
        duplicates: now.duplicates - before.duplicates,
        refused: now.refused - before.refused,
      };
    },
    async refusedSince(time) {
      const jobs = (await Promise.all(queues.map((queue) => queue.getFailed()))).flat();
      const byReason = new Map<string, number>();
      for (const job of jobs.filter(({ timestamp }) => timestamp >= time)) {
        const [reason = ''] = job.failedReason.split(':');
        byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
      }
      return byReason;
    },
    topSpenders: (limit) => stats.topSpenders(limit),
    async close() {
      await Promise.all(queues.map((queue) => queue.close()));
      closeRedis(redis);
    },
  };
}
