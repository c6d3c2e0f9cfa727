import type { ClientBase } from 'pg';

/** An order by its ids, and what the ledger calls it. */
export interface Named {
  orderId: string;
  identity: Buffer;
}

export interface Erasure {
  userId: string;
  /** What stands there afterwards. */
  name: string;
  /** The partition's tag, and its last entry whose orders are meant. */
  tag: string;
  seq: number;
  /** Those whose names the ledger may have to recognise; asked for some orders at a time. */
  remembered: (orderIds: readonly string[]) => Promise<readonly Named[]>;
}

/** In some windows of any ledger: names of before are of no use. */
const FORGOTTEN_AFTER_WINDOWS = 3;

/** Renames the user of orders up to an entry, and drops addresses; in one transaction. Returns how many orders there were. */
export async function eraseUser(
  client: ClientBase,
  { userId, name, tag, seq, remembered }: Erasure,
  { retentionDays }: { retentionDays: number },
): Promise<number> {
  const upTo = `user_id = $1 AND NOT EXISTS (SELECT FROM history.positions p WHERE p.tag = $2 AND p.id = (o.id >> 40) AND o.seq > $3)`;
  const { rows } = await client.query(
    `SELECT order_id FROM history.orders o WHERE ${upTo}
     UNION SELECT order_id FROM history.counted_again WHERE user_id = $1 AND NOT (tag = $2 AND seq > $3)`,
    [userId, tag, seq],
  );
  const names = await remembered(rows.map(({ order_id }) => order_id));
  const named = [names.map(({ orderId }) => orderId), names.map(({ identity }) => identity)];
  const identity =
    '(SELECT n.identity FROM unnest($5::text[], $6::bytea[]) AS n (order_id, identity) WHERE n.order_id = o.order_id)';
  await client.query('BEGIN');
  try {
    // The archiver waits meanwhile: what is added up for one user has one writer at a time.
    await client.query('SELECT FROM history.positions WHERE tag = $1 FOR UPDATE', [tag]);
    const { rowCount } = await client.query(
      `UPDATE history.orders o SET user_id = $4, address = NULL, identity = ${identity} WHERE ${upTo}`,
      [userId, tag, seq, name, ...named],
    );
    await client.query(
      `UPDATE history.counted_again o SET user_id = $4, identity = ${identity} WHERE user_id = $1 AND NOT (tag = $2 AND seq > $3)`,
      [userId, tag, seq, name, ...named],
    );
    await client.query(
      `UPDATE history.orders SET identity = NULL WHERE identity IS NOT NULL AND counted_at < now() - $1 * interval '1 day'`,
      [FORGOTTEN_AFTER_WINDOWS * retentionDays],
    );
    await client.query('COMMIT');
    return rowCount ?? 0;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}
