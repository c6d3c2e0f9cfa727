import type { ClientBase } from 'pg';
import type { CountedOrder } from './stream.ts';

/** Room for the orders of one partition; their ids begin at its own number times this. */
const ORDERS_PER_PARTITION = 1n << 40n;

export const firstId = (partitionId: number): bigint => BigInt(partitionId) * ORDERS_PER_PARTITION;

interface Placed {
  id: string;
  order: CountedOrder;
}

/**
 * Inserts orders inside a transaction; returns how many of them were counted again, because an earlier counting of theirs
 * is there and stands. One that Redis has lost gives way. `from` is the first id.
 */
export async function insertOrders(
  client: ClientBase,
  tag: string,
  from: bigint,
  orders: readonly CountedOrder[],
): Promise<number> {
  const all = orders.map((order, at): Placed => ({ id: String(from + BigInt(at)), order }));
  let known = await insertNew(client, all);
  if (known.length === 0) return 0;
  if (await removeLost(client, known)) known = await insertNew(client, known);
  if (known.length > 0) await insertAgain(client, tag, known);
  return known.length;
}

/** One round trip. The first of two orders that are the same goes in. Returns those that were there. */
async function insertNew(client: ClientBase, placed: readonly Placed[]): Promise<Placed[]> {
  const of = <T>(value: (one: Placed) => T) => placed.map(value);
  const items = placed.flatMap(({ id, order }) =>
    order.items.map((item, at) => ({ id, day: order.day, line: at + 1, ...item })),
  );
  const { rows } = await client.query<{ count: string }>(INSERT, [
    of(({ id }) => id),
    of(({ order }) => order.seq),
    of(({ order }) => order.minorUnits),
    of(({ order }) => order.placedAt),
    of(({ order }) => order.receivedAt),
    of(({ order }) => order.countedAt),
    of(({ order }) => order.day),
    of(({ order }) => order.userId),
    of(({ order }) => order.orderId),
    of(({ order }) => order.currency),
    of(({ order }) => order.paymentMethod),
    of(({ order }) => order.messageId),
    of(({ order }) => `\\x${order.digest}`),
    of(({ order }) => order.address),
    items.map(({ id }) => id),
    items.map(({ day }) => day),
    items.map(({ line }) => line),
    items.map(({ productId }) => productId),
    items.map(({ quantity }) => quantity),
    items.map(({ pricePerUnit }) => pricePerUnit),
  ]);
  if (Number(rows[0]?.count) === placed.length) return [];
  const there = await client.query<{ id: string }>(
    'SELECT id FROM history.orders WHERE id = ANY($1::bigint[])',
    [of(({ id }) => id)],
  );
  const ids = new Set(there.rows.map(({ id }) => id));
  return placed.filter(({ id }) => !ids.has(id));
}

const INSERT = `
  WITH inserted AS (
    INSERT INTO history.orders
      (id, seq, minor_units, placed_at, received_at, counted_at, day, user_id, order_id, currency,
       payment_method, message_id, digest, address)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[],
      $6::timestamptz[], $7::date[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
      $13::bytea[], $14::text[])
    ON CONFLICT (user_id, order_id) DO NOTHING
    RETURNING id
  ), items AS (
    INSERT INTO history.order_items (order_id, day, line, product_id, quantity, price_per_unit)
    SELECT * FROM unnest($15::bigint[], $16::date[], $17::integer[], $18::text[], $19::numeric[], $20::numeric[])
      AS item (order_id)
    WHERE item.order_id IN (SELECT id FROM inserted)
  )
  SELECT count(*) FROM inserted`;

/** Those among the orders there that Redis has lost, with their items; whether there were any. */
async function removeLost(client: ClientBase, placed: readonly Placed[]): Promise<boolean> {
  const { rowCount } = await client.query(
    `WITH lost AS (
       DELETE FROM history.orders o USING unnest($1::text[], $2::text[]) AS same (user_id, order_id)
       WHERE o.user_id = same.user_id AND o.order_id = same.order_id AND o.seq IS NULL
       RETURNING o.id
     ), items AS (
       DELETE FROM history.order_items WHERE order_id IN (SELECT id FROM lost)
     )
     SELECT id FROM lost`,
    [placed.map(({ order }) => order.userId), placed.map(({ order }) => order.orderId)],
  );
  return (rowCount ?? 0) > 0;
}

async function insertAgain(client: ClientBase, tag: string, placed: readonly Placed[]): Promise<void> {
  for (const { order } of placed) {
    await client.query(
      `INSERT INTO history.counted_again
         (tag, seq, place, user_id, order_id, minor_units, placed_at, received_at, counted_at, day, currency,
          payment_method, message_id, digest, items)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
      [
        tag,
        order.seq,
        order.place,
        order.userId,
        order.orderId,
        order.minorUnits,
        order.placedAt,
        order.receivedAt,
        order.countedAt,
        order.day,
        order.currency,
        order.paymentMethod,
        order.messageId,
        `\\x${order.digest}`,
        JSON.stringify(order.items.map((item) => [item.productId, item.quantity, item.pricePerUnit])),
      ],
    );
  }
}
