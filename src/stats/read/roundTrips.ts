import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import { formatMinorUnits, TOTAL_ROOM } from '../../orders/money.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../store/statsKeys.ts';
import { TotalOutOfRange } from './errors.ts';

export type Replies = readonly [Error | null, unknown][];
export type Commands = (pipe: ChainableCommander, keys: StatsKeys) => void;

/** How the stats are asked: the commands for one partition travel together, those for all of them at once. */
export interface Ask {
  redis: Redis | Cluster;
  partitions: Partitions;
  one(partition: Partition, commands: Commands): Promise<Replies>;
  all(commands: Commands): Promise<Replies[]>;
  /** As `one`, but nothing is counted between the commands (MULTI). In a cluster the master answers. */
  atOnce(partition: Partition, commands: Commands): Promise<Replies>;
  /** Any other round trip. */
  trip<T>(run: (redis: Redis | Cluster) => Promise<T>): Promise<T>;
}

export function makeAsk(redis: Redis | Cluster, partitions: Partitions): Ask {
  const keys = new Map(partitions.all.map((partition) => [partition, statsKeys(partition)]));
  const keysOf = (partition: Partition) => keys.get(partition) ?? statsKeys(partition);

  const one = async (partition: Partition, commands: Commands): Promise<Replies> => {
    const pipe = redis.pipeline();
    commands(pipe, keysOf(partition));
    return (await pipe.exec()) ?? [];
  };
  return {
    redis,
    partitions,
    one,
    trip: (run) => run(redis),
    all: (commands) => Promise.all(partitions.all.map((partition) => one(partition, commands))),
    async atOnce(partition, commands) {
      const pipe = redis.multi();
      commands(pipe, keysOf(partition));
      return (await pipe.exec().catch(rethrowCause)) ?? [];
    },
  };
}

/** EXEC only says that something before it was refused, as by a Redis still loading; that is what callers look for. */
function rethrowCause(error: Error & { previousErrors?: Error[] }): never {
  throw error.previousErrors?.[0] ?? error;
}

/** The reply at one place of a pipeline; a failed command fails the whole read. */
export function result<T>(replies: Replies, index: number): T {
  const [error, value] = replies[index] ?? [new Error('Redis sent no reply')];
  if (error) throw error;
  return value as T;
}

/** A count or an amount as Redis spells it; nothing yet is 0. What is no whole number was not written by us. */
export function whole(text: string | null | undefined): number {
  const value = text == null ? 0 : Number(text);
  if (!Number.isSafeInteger(value) || text === '') {
    throw new Error(`the stats hold ${JSON.stringify(text)} where a whole number belongs`);
  }
  return value;
}

/** Money as Redis spells it, in minor units. Nothing that was recorded passes the room of a total. */
export function money(text: string | null | undefined): number {
  return withinRoom(whole(text));
}

/**
 * Each partition's totals have room for themselves; what they come to together is told exactly, or not at all.
 *
 * @throws TotalOutOfRange when an amount is past the room of a total
 */
export function withinRoom(minorUnits: number): number {
  if (minorUnits <= TOTAL_ROOM) return minorUnits;
  throw new TotalOutOfRange(formatMinorUnits(minorUnits), formatMinorUnits(TOTAL_ROOM));
}

/** The pairs of a flat reply: members and scores, or fields and values. */
export function pairs(flat: readonly string[]): [string, number][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] as string, whole(flat[2 * i + 1])]);
}
