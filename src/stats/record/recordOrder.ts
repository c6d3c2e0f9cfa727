import { readFileSync } from 'node:fs';
import type { Cluster, Redis } from 'ioredis';
import type { Origin } from '../../orders/archivedOrder.ts';
import { digestOf, identityOf } from '../../orders/identity.ts';
import type { Order } from '../../orders/order.ts';
import { DAY_SECONDS } from '../../runtime/units.ts';
import type { Partition } from '../../store/partitions.ts';
import { redisScript } from '../../store/redisScript.ts';
import { type StatsKeys, statsKeys } from '../../store/statsKeys.ts';

/** What became of one order. A conflict carries the value counted before, when it fits the digest. */
export type Recorded =
  | { outcome: 'counted' }
  | { outcome: 'duplicate' }
  | { outcome: 'conflict'; recordedMinorUnits: number };

/**
 * Counts an order at most once; rejects when Redis refuses or a key it needs holds something else. `told`: a hash of the
 * partition that keeps in its field `counted` that the order counted by this call, also where its reply is never heard.
 * `origin` is for the history alone.
 */
export type RecordOrder = (order: Order, told?: string, origin?: Origin) => Promise<Recorded>;

/** A part of the script. */
export const part = (name: string) => readFileSync(new URL(`./${name}.lua`, import.meta.url), 'utf8');

/** One script and one call, in parts that can be read alone. Each sees of those before it what they say they give. */
export const RECORDING_SCRIPT = [
  part('arguments'),
  ...['ledger', 'totals', 'archive', 'recordOrders'].map((name) => `\ndo\n${part(name)}end\n`),
].join('');

/**
 * Jobs come from Redis many at a time. Sent in parts, the first orders are recorded while the next are still being
 * parsed; all in one, Redis and this process would only ever wait for each other.
 */
const MAX_BATCH = 32;

export interface RecordOptions {
  /** How long the ledger remembers at least. */
  retentionDays: number;
  /** While a history is kept: what it is told of an order, one line. */
  archive?: ((order: Order, origin: Origin, digest: Buffer) => string) | undefined;
}

interface Waiting {
  order: Order;
  told: string | undefined;
  origin: Origin;
  resolve: (recorded: Recorded) => void;
  reject: (error: Error) => void;
}

export const recordInRedis = redisScript<string[]>('recordOrders', {
  numberOfKeys: 1,
  lua: RECORDING_SCRIPT,
});

/**
 * The one call site of the script, for one partition. Orders handed over within the same turn of the event
 * loop travel in one call: the aggregates they share are then read and written once. Each order still gets its
 * own outcome. After a rejection nobody knows whether Redis did it: do it again, the ledger knows.
 */
export function makeRecordOrder(
  redis: Redis | Cluster,
  partition: Partition,
  { retentionDays, archive }: RecordOptions,
): RecordOrder {
  const keys = statsKeys(partition);
  let waiting: Waiting[] = [];

  const flush = () => {
    const batch = waiting;
    waiting = [];
    void send(redis, keys, { window: retentionDays * DAY_SECONDS, archive }, batch);
  };

  return (order, told, origin) =>
    new Promise((resolve, reject) => {
      waiting.push({
        order,
        told,
        origin: origin ?? { messageId: '', receivedAt: order.placedAt },
        resolve,
        reject,
      });
      if (waiting.length === 1) setImmediate(flush);
      else if (waiting.length === MAX_BATCH) flush();
    });
}

async function send(
  redis: Redis | Cluster,
  keys: StatsKeys,
  { window, archive }: { window: number } & Pick<RecordOptions, 'archive'>,
  batch: Waiting[],
): Promise<void> {
  // A full batch was flushed early and its immediate comes around to nothing.
  if (batch.length === 0) return;
  try {
    const digests = batch.map(({ order }) => digestOf(order));
    const ids = Buffer.concat(batch.flatMap(({ order }, at) => [identityOf(order), digests[at] as Buffer]));
    // One argument for all: beside a binary one, ioredis would make a buffer of each.
    const fields = JSON.stringify(batch.flatMap(({ order }) => [order.userId, order.minorUnits, order.day]));
    const told = batch.flatMap(({ told }, at) => (told === undefined ? [] : [[at + 1, told] as const]));
    const more = told.length === 0 ? [] : [JSON.stringify(Object.fromEntries(told))];
    if (archive) {
      const lines = batch.map(({ order, origin }, at) => archive(order, origin, digests[at] as Buffer));
      more.push(...(more.length === 0 ? ['{}'] : []), lines.join('\n'));
    }
    const replies = await recordInRedis(redis, keys.ledger, keys.prefix, window, ids, fields, ...more);
    batch.forEach((one, index) => {
      settle(one, replies[index] ?? 'error no reply');
    });
  } catch (error) {
    for (const { reject } of batch) reject(error as Error);
  }
}

function settle({ resolve, reject }: Waiting, reply: string): void {
  if (reply === 'counted' || reply === 'duplicate') {
    resolve({ outcome: reply });
  } else if (reply.startsWith('conflict ')) {
    resolve({ outcome: 'conflict', recordedMinorUnits: Number(reply.slice('conflict '.length)) });
  } else {
    reject(new Error(`the order was not recorded: ${reply}`));
  }
}
