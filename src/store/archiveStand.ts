import type { Cluster, Redis } from 'ioredis';
import { archiveKeys } from './keys.ts';
import type { Partition, Partitions } from './partitions.ts';
import { statsKeys } from './statsKeys.ts';

/** Where the archive of a partition stands: its last entry, and the bytes of all that ever were. */
export interface ArchiveStand {
  seq: number;
  bytes: number;
}

/** What waits in Redis to become history. An entry has the orders of one call, 32 at most. */
export interface Backlog {
  entries: number;
  bytes: number;
  /** When anything was archived last, ms since 1970; undefined before that. */
  archivedAt: number | undefined;
}

/** With the totals of the partition at that entry. */
interface FullStand extends ArchiveStand {
  orders: number;
  minorUnits: number;
}

/** Of each partition; undefined where nothing was ever archived. */
export const archiveStands = (
  redis: Redis | Cluster,
  partitions: readonly Partition[],
): Promise<(FullStand | undefined)[]> =>
  Promise.all(partitions.map(async (each) => toStand(await redis.hget(statsKeys(each).ledger, 'archive'))));

export async function archiveStand(redis: Redis | Cluster, partition: Partition): Promise<ArchiveStand> {
  const [stand] = await archiveStands(redis, [partition]);
  return stand ?? { seq: 0, bytes: 0 };
}

/** Four numbers, see stats/record/archive.lua. */
function toStand(text: string | null): FullStand | undefined {
  if (text === null) return undefined;
  const [seq = 0, orders = 0, minorUnits = 0, bytes = 0] = text.split(' ').map(Number);
  return { seq, orders, minorUnits, bytes };
}

/** Over all partitions. */
export async function readBacklog(redis: Redis | Cluster, partitions: Partitions): Promise<Backlog> {
  const each = await Promise.all(
    partitions.all.map(async (partition) => {
      const [stand, [seq, bytes, at]] = await Promise.all([
        archiveStand(redis, partition),
        redis.hmget(archiveKeys(partition).position, 'seq', 'bytes', 'at') as Promise<(string | null)[]>,
      ]);
      return {
        entries: Math.max(0, stand.seq - Number(seq ?? 0)),
        bytes: Math.max(0, stand.bytes - Number(bytes ?? 0)),
        at: at == null ? undefined : Number(at),
      };
    }),
  );
  const times = each.flatMap(({ at }) => (at === undefined ? [] : [at]));
  return {
    entries: each.reduce((sum, { entries }) => sum + entries, 0),
    bytes: each.reduce((sum, { bytes }) => sum + bytes, 0),
    archivedAt: times.length === 0 ? undefined : Math.max(...times),
  };
}
