import type { Cluster, Redis } from 'ioredis';
import type { ClientBase } from 'pg';
import type { Partition } from '../store/partitions.ts';
import { idsOf, movePosition, type Position } from './positions.ts';
import { type Entry, ordersOf, readEntries } from './stream.ts';

/** What Redis has lost of what is in the tables. */
export interface SetBack {
  seq: number;
  was: number;
  orders: number;
  minorUnits: number;
}

const ENTRIES_AT_ONCE = 32;

/**
 * Redis is not where the tables say it was: a backup was restored, or a replica took over that lacked what was acknowledged.
 * Finds the last entry that both have and begins again after it. What Redis counted from there on is kept without a seq: it
 * gives way when it counts again. Undefined when somebody else moved the position meanwhile.
 * `stand` is the last entry by what Redis says of its archive.
 */
export async function setBack(
  client: ClientBase,
  redis: Redis | Cluster,
  partition: Partition,
  position: Position,
  stand: number,
): Promise<SetBack | undefined> {
  const common = (await lastCommon(client, redis, partition, position)) ?? {
    seq: Math.min(stand, position.seq),
    digest: undefined,
  };
  const { tag } = partition;
  const ids = idsOf(position);
  await client.query('BEGIN');
  const to = { ...common, orders: position.orders };
  if (!(await movePosition(client, position, to))) {
    await client.query('ROLLBACK');
    return undefined;
  }
  const { rows } = await client.query(
    `WITH lost AS (
       UPDATE history.orders SET seq = NULL WHERE id >= $1 AND id < $2 AND seq > $3 RETURNING minor_units
     ), again AS (
       DELETE FROM history.counted_again WHERE tag = $4 AND seq > $3 RETURNING minor_units
     ), gaps AS (
       DELETE FROM history.gaps WHERE tag = $4 AND seq > $3
     ), noted AS (
       INSERT INTO history.set_back (tag, seq, was, orders, minor_units)
       SELECT $4, $3, $5, count(*), coalesce(sum(minor_units), 0)
       FROM (TABLE lost UNION ALL TABLE again) AS both_of_them
       RETURNING orders, minor_units
     )
     SELECT orders, minor_units FROM noted`,
    [...ids, common.seq, tag, position.seq],
  );
  await client.query('COMMIT');
  return {
    seq: common.seq,
    was: position.seq,
    orders: Number(rows[0].orders),
    minorUnits: Number(rows[0].minor_units),
  };
}

/**
 * Entries that the tables have lie before all that they have not. Where it has none of the stream, that begins after it;
 * undefined where there is no stream.
 */
async function lastCommon(
  client: ClientBase,
  redis: Redis | Cluster,
  partition: Partition,
  position: Position,
): Promise<{ seq: number; digest: string | undefined } | undefined> {
  let last: { seq: number; digest: string | undefined } | undefined;
  for (let from = 0; ; from = (last?.seq ?? 0) + 1) {
    const entries = await readEntries(redis, partition, from, ENTRIES_AT_ONCE);
    const known = await countingsOf(client, partition, position, entries);
    for (const entry of entries) {
      last ??= { seq: entry.seq - 1, digest: undefined };
      if (entry.seq > position.seq || !isKnown(entry, known)) return last;
      last = { seq: entry.seq, digest: entry.digest };
    }
    if (entries.length < ENTRIES_AT_ONCE) return last;
  }
}

const countingOf = (seq: number | string, countedAt: string, userId: string, orderId: string): string =>
  [seq, countedAt, userId, orderId].join('\n');

const isKnown = (entry: Entry, known: ReadonlySet<string>): boolean =>
  ordersOf(entry).every((order) =>
    known.has(countingOf(order.seq, order.countedAt, order.userId, order.orderId)),
  );

/** What the tables say of the entries with these numbers. */
async function countingsOf(
  client: ClientBase,
  { tag }: Partition,
  position: Position,
  entries: readonly Entry[],
): Promise<ReadonlySet<string>> {
  const [first, last] = [entries[0], entries.at(-1)];
  if (!first || !last) return new Set();
  const at = `to_char(counted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`;
  const { rows } = await client.query(
    `SELECT seq, ${at}, user_id, order_id FROM history.orders
     WHERE id >= $1 AND id < $2 AND seq BETWEEN $3 AND $4
     UNION ALL
     SELECT seq, ${at}, user_id, order_id FROM history.counted_again WHERE tag = $5 AND seq BETWEEN $3 AND $4`,
    [...idsOf(position), first.seq, last.seq, tag],
  );
  return new Set(rows.map((row) => countingOf(row.seq, row.at, row.user_id, row.order_id)));
}
