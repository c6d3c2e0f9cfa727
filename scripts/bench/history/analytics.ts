import { parseArgs } from 'node:util';
import { type HistoryReads, historyReads, type Question } from '../../../src/history/read/historyPool.ts';
import * as questions from '../../../src/history/read/questions.ts';
import { startBenchPostgres } from '../support/postgres.ts';
import { percentile, printTable } from '../support/table.ts';
import { keepYear } from './yearOfOrders.ts';

const AIM_MS = 500;

/** How long each question of the analytics takes over a year of orders, as it is asked by default and by a range. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { orders: { type: 'string', default: '1000000' }, times: { type: 'string', default: '20' } },
  });
  const orders = Number(values.orders);
  const { target, client, stop } = await startBenchPostgres();
  const reads = historyReads(target, (error) => console.error(error));
  try {
    await keepYear(client, orders);
    const { rows: sizes } = await client.query(SIZES, [orders]);
    printTable(
      'Room',
      ['', 'bytes/order'],
      sizes.map(({ what, bytes }) => [what, bytes]),
    );
    const rows: string[][] = [];
    for (const [name, question] of Object.entries(documented())) {
      const times = await timesOf(reads, question, Number(values.times));
      const p95 = percentile(times, 0.95);
      rows.push([name, percentile(times, 0.5).toFixed(1), p95.toFixed(1), p95 <= AIM_MS ? 'yes' : 'NO']);
    }
    printTable(`Analytics over ${orders} orders`, ['', 'p50 ms', 'p95 ms', `within ${AIM_MS}`], rows);
    await fileOf(reads);
  } finally {
    await reads.stop();
    await stop();
  }
}

const SIZES = `
  SELECT what, (sum(bytes) / $1::bigint)::integer::text AS bytes FROM (
    SELECT pg_total_relation_size(c.oid) AS bytes,
      CASE WHEN relname LIKE 'order%' AND relname NOT LIKE '%by%' THEN relname ELSE 'added up' END AS what
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'history' AND relkind = 'r'
  ) AS tables GROUP BY what ORDER BY what`;

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
  'orders of a payment method, a week': questions.ordersPage(
    { paymentMethod: 'PAYPAL', range: WEEK },
    51,
    undefined,
  ),
  'orders of a value': questions.ordersPage(
    { leastMinorUnits: 40_000, mostMinorUnits: 40_010 },
    51,
    undefined,
  ),
  'orders of a user': questions.ordersPage({ userId: 'U4242' }, 51, undefined),
  'one order': questions.oneOrder('U7919', 'ORD1'),
});

/** All lines of all orders, as a file takes them, and how much this process grew over it. */
async function fileOf(reads: HistoryReads): Promise<void> {
  const before = process.memoryUsage().rss;
  const started = performance.now();
  let [lines, most] = [0, before];
  for await (const rows of reads.stream(questions.allLines({}))) {
    lines += rows.length;
    most = Math.max(most, process.memoryUsage().rss);
  }
  const seconds = (performance.now() - started) / 1_000;
  printTable(
    'A file of all lines',
    ['', 'figure'],
    [
      ['lines', String(lines)],
      ['lines/s', (lines / seconds).toFixed(0)],
      ['this process grew by, MB', ((most - before) / 1e6).toFixed(0)],
    ],
  );
}

async function timesOf(reads: HistoryReads, question: Question<unknown>, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const started = performance.now();
    await reads.ask(question);
    times.push(performance.now() - started);
  }
  return times;
}
