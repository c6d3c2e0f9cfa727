import type { Cluster, Redis } from 'ioredis';
import { readBacklog } from '../store/archiveStand.ts';
import { masters } from '../store/connections.ts';
import { type Info, readInfo } from '../store/info.ts';
import { queueKey } from '../store/keys.ts';
import type { Partitions } from '../store/partitions.ts';

export interface QueueLoad {
  /** Jobs waiting for a worker, over all partitions. */
  waiting: number;
  /** Used share of Redis's memory limit, of the fullest master; 0 when there is no limit. */
  memoryShare: number;
  /** Bytes that wait for PostgreSQL to become history. */
  historyBytes?: number;
}

/** Rejects when Redis does not answer. `history`: whether one is kept. */
export async function readQueueLoad(
  redis: Redis | Cluster,
  partitions: Partitions,
  { history = false }: { history?: boolean } = {},
): Promise<QueueLoad> {
  const [lengths, memoryShare, backlog] = await Promise.all([
    Promise.all(partitions.all.map((each) => redis.llen(queueKey(each, 'wait')))),
    readMemoryShare(redis),
    history ? readBacklog(redis, partitions) : undefined,
  ]);
  return {
    waiting: lengths.reduce((sum, length) => sum + length, 0),
    memoryShare,
    ...(backlog ? { historyBytes: backlog.bytes } : {}),
  };
}

/** As in `QueueLoad`. Rejects when Redis does not answer. */
export async function readMemoryShare(redis: Redis | Cluster): Promise<number> {
  const memory = await Promise.all(masters(redis).map((server) => readInfo(server, 'memory')));
  return Math.max(...memory.map(usedShare));
}

function usedShare(info: Info): number {
  const used = Number(info.get('used_memory') ?? 0);
  const limit = Number(info.get('maxmemory') ?? 0);
  return limit === 0 ? 0 : Math.round((used / limit) * 1_000) / 1_000;
}
