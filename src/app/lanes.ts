import type { Cluster, Redis } from 'ioredis';
import type { Config } from '../config/config.ts';
import { type DurableQueues, durableQueues } from '../queue/durableQueues.ts';
import { type OrderQueues, openOrderQueues } from '../queue/orderQueues.ts';
import type { Services } from '../runtime/services.ts';
import type { Troubles } from '../runtime/troubles.ts';
import type { Durability } from '../store/durability.ts';
import type { Partitions } from '../store/partitions.ts';
import type { Connect } from './connecting.ts';

/** A bulk add that takes longer is repeated: Redis may have died without closing the connection. */
const ADD_TIMEOUT_MS = 10_000;

export interface LaneStart {
  config: Config;
  services: Services;
  /** What a part finds wrong goes here, for /health. */
  troubles: Troubles;
  connect: Connect;
  partitions: Partitions;
  /** By Redis's clock, ms since 1970: that of this machine may be wrong. */
  now: () => number;
  onQueueError: (error: Error) => void;
  /** What the servers can give of what is asked; rejects when that is too little. */
  durabilityOf: (asked: Config['durability']) => Promise<Durability>;
}

/**
 * Queues for orders that change their partition, as durable as the bridge's: their messages are gone already. With one
 * partition nothing ever moves; `queues` will do, and no worker is kept from starting by what it will not use.
 */
export async function openMoves(
  queues: OrderQueues,
  parts: LaneStart & { redis: Redis | Cluster },
): Promise<DurableQueues> {
  const { config, redis, partitions, durabilityOf } = parts;
  if (partitions.all.length === 1) return durableQueues(redis, queues, await durabilityOf('memory'));
  return openLane('moves', await durabilityOf(config.durability), parts);
}

/** Queues on a connection of their own, whose jobs are as safe as `durability` says once they are added. */
export async function openLane(
  name: string,
  durability: Durability,
  { config, services, connect, partitions, now, onQueueError }: LaneStart,
): Promise<DurableQueues> {
  const connection = connect('fail_fast', name, { commandTimeout: ADD_TIMEOUT_MS });
  const queues = await openOrderQueues(connection, partitions, config.jobs, onQueueError, now);
  services.add({ name: `queues (${name})`, stop: () => queues.close() });
  return durableQueues(connection, queues, durability);
}
