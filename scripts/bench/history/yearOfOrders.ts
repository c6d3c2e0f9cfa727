import type { Client } from 'pg';
import { MIGRATIONS, migrate } from '../../../src/history/migrate.ts';

const BATCH = 20_000;

/**
 * A history of so many orders of one year, 2.5 lines each: 100,000 users, 2,000 products and a rare one, four payment methods.
 * They are there before anything is added up, as where an earlier version has kept them; then the schema is brought up to
 * date.
 */
export async function keepYear(client: Client, orders: number): Promise<void> {
  const [first] = MIGRATIONS as [(typeof MIGRATIONS)[number]];
  await client.query(`CREATE SCHEMA history;
    CREATE TABLE history.migrations (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
    ${first.sql}
    INSERT INTO history.migrations (version, name) VALUES (1, '${first.name}')`);
  for (let from = 0; from < orders; from += BATCH)
    await insertOrders(client, from, Math.min(BATCH, orders - from), orders);
  await migrate(client);
  await client.query('VACUUM ANALYZE');
}

/** Orders of a year, spread evenly over it, as the archiver inserts them. */
async function insertOrders(client: Client, from: number, count: number, all: number): Promise<void> {
  await client.query(
    `WITH inserted AS (
       INSERT INTO history.orders (id, seq, minor_units, placed_at, received_at, counted_at, day, user_id, order_id,
         currency, payment_method, message_id, digest)
       SELECT (1::bigint << 40) + n, n, 1000 + (n * 31337) % 40000 + (n % 7) * (n % 11) * 900, at, at, at, (at AT TIME ZONE 'UTC')::date,
         'U' || (n * 7919) % 100000, 'ORD' || n, 'USD',
         (ARRAY['CREDITCARD', 'PAYPAL', 'INVOICE', 'APPLEPAY', NULL])[1 + (n * 7 % 11 % 5)],
         md5(n::text)::uuid::text, decode(left(md5(n::text), 16), 'hex')
       FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS n,
         LATERAL (SELECT timestamptz '2025-01-01 00:00:00Z' + interval '365 days' * (n::float8 / $3::bigint)) AS time (at)
       RETURNING id, day
     )
     INSERT INTO history.order_items (order_id, day, line, product_id, quantity, price_per_unit)
     SELECT id, day, line,
       CASE WHEN id % 100000 = 7 THEN 'RARE' ELSE 'P' || lpad(((id * 31 + line * 7) % 2000)::text, 4, '0') END,
       1 + (id + line) % 5, 10.99 + (id * 13 + line) % 490
     FROM inserted, LATERAL generate_series(1, 1 + id % 4) AS line`,
    [from, count, all],
  );
}
