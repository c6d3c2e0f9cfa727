import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Client } from 'pg';
import { startEmbeddedPostgres } from '../../../src/embedded/postgres.ts';
import { historyClient } from '../../../src/history/connect.ts';
import { migrate } from '../../../src/history/migrate.ts';
import { type HistoryReads, historyReads, type Question } from '../../../src/history/read/historyPool.ts';
import * as questions from '../../../src/history/read/questions.ts';
import type { HistoryTarget } from '../../../src/history/target.ts';
import { percentile, printTable } from '../support/table.ts';

const BATCH = 10_000;
const AIM_MS = 500;

/**
 * How long each question of the analytics takes over a year of orders, 2.5 lines each: 100,000 users, 2,000 products, five
 * payment methods. In the order in which they are documented, as they are asked by default, and then by a range.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { orders: { type: 'string', default: '1000000' }, times: { type: 'string', default: '20' } },
  });
  const orders = Number(values.orders);
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-bench-'));
  chmodSync(dir, 0o711);
  const { stop, joined: _, ...place } = await startEmbeddedPostgres(dir);
  const target: HistoryTarget = { ...place, tls: false };
  const client = historyClient(target, { as: 'bench', statementMs: undefined });
  await client.connect();
  const reads = historyReads(target, (error) => console.error(error));
  try {
    await migrate(client);
    const started = performance.now();
    for (let from = 0; from < orders; from += BATCH)
      await fillHistory(client, from, Math.min(BATCH, orders - from), orders);
    console.log(`${orders} orders in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
    await client.query('VACUUM ANALYZE');
    const size = await client.query(
      "SELECT (pg_database_size(current_database()) / $1::bigint)::integer AS bytes, (SELECT sum(pg_total_relation_size(c.oid)) / $1::bigint FROM pg_class c WHERE relname IN ('orders_by_hour', 'orders_by_value', 'products_by_month', 'user_months', 'cohorts', 'users_by_orders'))::integer AS sums, pg_total_relation_size('history.orders') / $1::bigint AS of_orders, pg_total_relation_size('history.order_items') / $1::bigint AS of_items",
      [orders],
    );
    console.log(size.rows[0]);
    const rows = [];
    for (const [name, question] of Object.entries(documented())) {
      const times = await timesOf(reads, question, Number(values.times));
      const p95 = percentile(times, 0.95);
      rows.push([
        name,
        percentile(times, 0.5).toFixed(1),
        p95.toFixed(1),
        p95 <= AIM_MS ? 'yes' : 'NO',
      ]);
    }
    printTable(`Analytics over ${orders} orders`, ['', 'p50 ms', 'p95 ms', `within ${AIM_MS}`], rows);
  } finally {
    await reads.stop();
    await client.end();
    await stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

const RANGE = { startDay: '2025-02-11', endDay: '2025-10-17' };
const WEEK = { startDay: '2025-06-10', endDay: '2025-06-16' };
const MIDDLE = { placedAt: '2025-06-15T12:00:00.000000Z', id: '1099511800000' };

/** By their names; those without more are as they are asked by default. */
export const documented = (): Record<string, Question<unknown>> => ({
  'products sold': questions.productsSold(undefined, 'revenue', 10),
  'products sold, eight months': questions.productsSold(RANGE, 'orders', 10),
  'payment methods': questions.byPaymentMethod(undefined),
  'weekday and hour': questions.byHour(undefined),
  'order values': questions.byValue(undefined),
  'order values, eight months': questions.byValue(RANGE),
  'customers who came back': questions.usersByOrders(undefined),
  'customers who came back, a week': questions.usersByOrders(WEEK),
  cohorts: questions.cohorts(undefined, 12),
  orders: questions.ordersPage({}, 51, undefined),
  'orders, further on': questions.ordersPage({}, 51, MIDDLE),
  'orders of a product': questions.ordersPage({ productId: 'P0042' }, 51, undefined),
  'orders of a rare product': questions.ordersPage({ productId: 'RARE' }, 51, undefined),
  'orders of a payment method, a week': questions.ordersPage({ paymentMethod: 'PAYPAL', range: WEEK }, 51, undefined),
  'orders of a value': questions.ordersPage(
    { leastMinorUnits: 40_000, mostMinorUnits: 40_010 },
    51,
    undefined,
  ),
  'orders of a user': questions.ordersPage({ userId: 'U4242' }, 51, undefined),
  'one order': questions.oneOrder('U7919', 'ORD1'),
});

async function timesOf(reads: HistoryReads, question: Question<unknown>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const started = performance.now();
    await reads.ask(question);
    times.push(performance.now() - started);
  }
  return times;
}

/** Orders of a year, spread evenly over it, by the statement that the archiver uses, one table each. */
export async function fillHistory(client: Client, from: number, count: number, all: number): Promise<void> {
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
