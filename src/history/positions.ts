import type { ClientBase } from 'pg';
import type { Partition } from '../store/partitions.ts';
import { firstId } from './insertOrders.ts';

/** Where the archive of a tag stands in PostgreSQL, also of one that is no partition's any more. */
export interface AnyPosition {
  id: number;
  tag: string;
  /** The last entry that is in the tables; 0 while there is none. */
  seq: number;
  /** Ids that were given away. */
  orders: number;
}

export interface Position extends AnyPosition {
  /** Of the last entry; undefined where the stream begins after it. */
  digest: string | undefined;
}

/** Of every tag that ever was one. */
export async function allPositions(client: ClientBase): Promise<AnyPosition[]> {
  const { rows } = await client.query('SELECT id, tag, seq, orders FROM history.positions ORDER BY id');
  return rows.map(({ id, tag, seq, orders }) => ({ id, tag, seq: Number(seq), orders: Number(orders) }));
}

/** Begins one where there is none. */
export async function readPosition(client: ClientBase, { tag }: Partition): Promise<Position> {
  const read = () =>
    client.query(
      'SELECT id, seq, encode(digest, $2) AS digest, orders FROM history.positions WHERE tag = $1',
      [tag, 'hex'],
    );
  let { rows } = await read();
  if (rows.length === 0) {
    await client.query('INSERT INTO history.positions (tag) VALUES ($1) ON CONFLICT DO NOTHING', [tag]);
    ({ rows } = await read());
  }
  const [{ id, seq, digest, orders }] = rows;
  return { id, tag, seq: Number(seq), digest: digest ?? undefined, orders: Number(orders) };
}

/**
 * Inside a transaction, before all else: whoever moves a position holds its row until the end. False when it is not where
 * `from` says: somebody else has moved it.
 */
export async function movePosition(
  client: ClientBase,
  from: Position,
  to: Pick<Position, 'seq' | 'digest' | 'orders'>,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE history.positions SET seq = $4, digest = decode($5, 'hex'), orders = $6, moved_at = now()
     WHERE id = $1 AND seq = $2 AND orders = $3`,
    [from.id, from.seq, from.orders, to.seq, to.digest ?? null, to.orders],
  );
  return rowCount === 1;
}

/** Whether the partition's session lock is ours from here on; it ends with the connection. */
export async function lockPosition(client: ClientBase, { tag }: Partition): Promise<boolean> {
  const { rows } = await client.query('SELECT pg_try_advisory_lock($1, hashtext($2)) AS locked', [
    LOCKS,
    tag,
  ]);
  return rows[0].locked;
}

/** Any number that nobody else locks by. */
const LOCKS = 0x6f72_6402;

/** Ids of orders of the partition: from the first, before the second. */
export const idsOf = ({ id }: Pick<Position, 'id'>): [string, string] => [
  String(firstId(id)),
  String(firstId(id + 1)),
];
