import type { Cluster, Redis } from 'ioredis';
import type { ClientBase } from 'pg';
import { archiveStand } from '../store/archiveStand.ts';
import { archiveKeys } from '../store/keys.ts';
import type { Partition } from '../store/partitions.ts';
import { firstId, insertOrders } from './insertOrders.ts';
import { movePosition, type Position, readPosition } from './positions.ts';
import { type SetBack, setBack } from './setBack.ts';
import { type Entry, ordersOf, readEntries, trimTo } from './stream.ts';

export interface ArchivePartitionParts {
  client: ClientBase;
  redis: Redis | Cluster;
  partition: Partition;
  /** Resolves when all that was read so far is as safe in Redis as DURABILITY says; rejects when that is not certain. */
  confirm: (partition: Partition) => Promise<void>;
  /** By Redis's clock, ms since 1970. */
  now: () => number;
  events: ArchiveEvents;
}

/** What somebody should know. */
export interface ArchiveEvents {
  onArchived(orders: number, again: number): void;
  onSetBack(partition: Partition, found: SetBack): void;
  onGap(partition: Partition, gap: { kind: GapKind; orders: number | null }): void;
}

export type GapKind = 'opening' | 'not_kept' | 'entries_lost';

/** With 32 orders each. More of them at once share what is added up for a product or a value: 4,096 take a third less than 1,024. */
const MOST_ENTRIES = 128;
/** More of them would gain nothing, and orders of many thousand items are held in memory here. */
const BATCH_BYTES = 4_000_000;

/** Takes batch after batch from the archive of one partition; throws where Redis or PostgreSQL does. */
export class ArchivePartition {
  readonly #parts: ArchivePartitionParts;
  #position: Position | undefined;
  #entries = MOST_ENTRIES;

  constructor(parts: ArchivePartitionParts) {
    this.#parts = parts;
  }

  /** Whether there may be more at once. */
  async step(): Promise<boolean> {
    const { redis, partition } = this.#parts;
    const known = this.#position;
    const position = known ?? (await this.#begin());
    this.#position = position;
    const stand = await archiveStand(redis, partition);
    // At the beginning the same number may be another entry: Redis was set back, and has counted as many since.
    if (stand.seq === position.seq && known) return false;
    // The last archived entry once more: from there on this is the stream that the tables are filled from, or it is not.
    const isAnchored = position.digest !== undefined;
    const from = isAnchored ? position.seq : position.seq + 1;
    const entries = await readEntries(redis, partition, from, this.#entries + 1);
    const anchor = isAnchored ? entries.shift() : undefined;
    const isOurs = !isAnchored || (anchor?.seq === position.seq && anchor.digest === position.digest);
    if (stand.seq < position.seq || (!isOurs && !(await this.#isCutOff(position))))
      return this.#setBack(stand.seq);
    // What was read of a stream whose beginning is gone begins with whatever there is.
    const fresh = isOurs ? entries : await readEntries(redis, partition, position.seq + 1, this.#entries);
    const [first] = fresh;
    // Written and not there: the stream lacks its end, and the next entry will say where it goes on.
    if (!first) return false;
    await this.#archive(position, fresh);
    return fresh.length >= this.#entries;
  }

  /** Where PostgreSQL is; after a repartition where Redis says that the stream of this tag begins. */
  async #begin(): Promise<Position> {
    const { client, redis, partition } = this.#parts;
    const position = await readPosition(client, partition);
    const start = await redis.hget(archiveKeys(partition).position, 'start');
    if (start === null || Number(start) < position.seq) return position;
    const to = { ...position, seq: Number(start), digest: undefined };
    await movePosition(client, position, to);
    await redis.hdel(archiveKeys(partition).position, 'start');
    return readPosition(client, partition);
  }

  /** Nothing of what is archived is in the stream any more, so nothing contradicts it: somebody has removed entries. */
  async #isCutOff({ seq }: Position): Promise<boolean> {
    const { redis, partition } = this.#parts;
    const [first] = await readEntries(redis, partition, 0, 1);
    return first === undefined || first.seq > seq;
  }

  async #setBack(stand: number): Promise<boolean> {
    const { client, redis, partition, events } = this.#parts;
    const found = await setBack(client, redis, partition, this.#position as Position, stand);
    this.#position = undefined;
    if (found) events.onSetBack(partition, found);
    return true;
  }

  /** One transaction: the position, the orders, and what lies between. Then, and only then, the stream is trimmed. */
  async #archive(position: Position, entries: readonly Entry[]): Promise<void> {
    const { client, redis, partition, confirm, now, events } = this.#parts;
    const orders = entries.flatMap(ordersOf);
    const last = entries.at(-1) as Entry;
    const to = { seq: last.seq, digest: last.digest, orders: position.orders + orders.length };
    // Until it is known how this ends: what is thrown on the way may hide a commit that came about.
    this.#position = undefined;
    await client.query('BEGIN');
    try {
      if (!(await movePosition(client, position, to))) {
        await client.query('ROLLBACK');
        return;
      }
      const from = firstId(position.id) + BigInt(position.orders);
      const again = await insertOrders(client, partition.tag, from, orders);
      await this.#noteGaps(position, entries);
      // Else Redis could lose what PostgreSQL keeps, and nobody would know which of the two is right.
      await confirm(partition);
      await client.query('COMMIT');
      this.#position = { ...position, ...to };
      events.onArchived(orders.length, again);
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    }
    const bytes = entries.reduce(
      (sum, { lines }) => sum + lines.reduce((all, line) => all + line.length, 0),
      0,
    );
    this.#entries = Math.max(1, Math.min(MOST_ENTRIES, Math.floor((BATCH_BYTES * entries.length) / bytes)));
    await trimTo(redis, partition, last, now());
  }

  async #noteGaps(position: Position, entries: readonly Entry[]): Promise<void> {
    const { client, partition, events } = this.#parts;
    let before = position.seq;
    for (const { seq, gap } of entries) {
      const kind = seq === 1 ? 'opening' : 'not_kept';
      const found: { kind: GapKind; orders: number | null; minorUnits: number | null }[] = [];
      if (seq !== before + 1) found.push({ kind: 'entries_lost', orders: null, minorUnits: null });
      if (gap) found.push({ kind, ...gap });
      for (const { kind, orders, minorUnits } of found) {
        await client.query(
          'INSERT INTO history.gaps (tag, seq, kind, orders, minor_units) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
          [partition.tag, seq, kind, orders, minorUnits],
        );
        events.onGap(partition, { kind, orders });
      }
      before = seq;
    }
  }
}
