import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { insertOrders } from '../../src/history/insertOrders.ts';
import { MIGRATIONS, migrate } from '../../src/history/migrate.ts';
import { wholeMonths } from '../../src/history/read/questions.ts';
import type { CountedOrder } from '../../src/history/stream.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';

/** The tables that are added up, each beside what a count over the orders says. */
const COUNTED: Record<string, [kept: string, again: string]> = {
  orders_by_hour: [
    'SELECT day, hour::int, payment_method, sum(orders) AS n, sum(minor_units) AS money FROM history.orders_by_hour GROUP BY 1, 2, 3 HAVING sum(orders) <> 0',
    "SELECT day, extract(hour FROM placed_at AT TIME ZONE 'UTC')::int AS hour, coalesce(payment_method, '') AS payment_method, count(*) AS n, sum(minor_units) AS money FROM history.orders GROUP BY 1, 2, 3",
  ],
  orders_by_value: [
    'SELECT month, value, sum(orders) AS n, sum(minor_units) AS money FROM history.orders_by_value GROUP BY 1, 2 HAVING sum(orders) <> 0',
    "SELECT date_trunc('month', day)::date AS month, CASE WHEN minor_units < 1000 THEN minor_units ELSE (rpad(left(minor_units::text, 3), length(minor_units::text), '0'))::bigint END AS value, count(*) AS n, sum(minor_units) AS money FROM history.orders GROUP BY 1, 2",
  ],
  products_by_month: [
    'SELECT month, product_id, sum(orders) AS n, sum(quantity) AS quantity, sum(revenue) AS money FROM history.products_by_month GROUP BY 1, 2 HAVING sum(orders) <> 0',
    "SELECT date_trunc('month', day)::date AS month, product_id, count(DISTINCT order_id) AS n, sum(quantity) AS quantity, sum(quantity * price_per_unit) AS money FROM history.order_items GROUP BY 1, 2",
  ],
  user_months: [
    'SELECT user_id, month, orders AS n, minor_units::numeric AS money FROM history.user_months',
    "SELECT user_id, date_trunc('month', day)::date AS month, count(*) AS n, sum(minor_units) AS money FROM history.orders GROUP BY 1, 2",
  ],
  cohorts: [
    'SELECT first_month, month, sum(users) AS users, sum(orders) AS n, sum(minor_units) AS money FROM history.cohorts GROUP BY 1, 2 HAVING sum(users) <> 0 OR sum(orders) <> 0 OR sum(minor_units) <> 0',
    "SELECT first_month, month, count(DISTINCT user_id) AS users, count(*) AS n, sum(minor_units) AS money FROM (SELECT user_id, minor_units, date_trunc('month', day)::date AS month, min(date_trunc('month', day)) OVER (PARTITION BY user_id)::date AS first_month FROM history.orders) AS each GROUP BY 1, 2",
  ],
  users_by_orders: [
    'SELECT orders, sum(users) AS users, sum(minor_units) AS money FROM history.users_by_orders GROUP BY 1 HAVING sum(users) <> 0 OR sum(minor_units) <> 0',
    'SELECT orders, count(*) AS users, sum(minor_units) AS money FROM (SELECT count(*) AS orders, sum(minor_units) AS minor_units FROM history.orders GROUP BY user_id) AS each GROUP BY 1',
  ],
};

describe('what is added up as orders come and go', () => {
  let postgres: TestPostgres;
  let client: Client;
  const seed = Math.floor(Math.random() * 2 ** 31);

  beforeAll(async () => {
    postgres = await startTestPostgres();
    client = await postgres.client(await postgres.database());
  });
  afterAll(() => postgres?.stop());

  /** What is kept and is not counted, and the other way round. */
  async function differences(): Promise<unknown[]> {
    const found: unknown[] = [];
    for (const [table, [kept, again]] of Object.entries(COUNTED)) {
      const { rows } = await client.query(
        `(SELECT 'kept' AS side, to_jsonb(a) AS row FROM (${kept} EXCEPT ${again.replaceAll('count(*)', 'count(*)::numeric').replaceAll('count(DISTINCT user_id)', 'count(DISTINCT user_id)::numeric')}) a)
         UNION ALL (SELECT 'counted', to_jsonb(b) FROM (${again} EXCEPT ${kept}) b)`,
      );
      found.push(...rows.map((row) => ({ table, ...row })));
    }
    return found;
  }

  it(`is what a count says, whatever was inserted, moved and removed (seed ${seed})`, async () => {
    await migrate(client);
    const random = mulberry(seed);
    const upTo = (limit: number) => Math.floor(random() * limit);
    let next = 0;
    const some = (count: number): CountedOrder[] =>
      Array.from({ length: count }, () => {
        const day = `2025-${String(1 + upTo(7)).padStart(2, '0')}-${String(1 + upTo(28)).padStart(2, '0')}`;
        next += 1;
        return {
          // Some of them come again, and some twice at once.
          orderId: `O${upTo(4) === 0 ? upTo(next) : next}`,
          userId: `U${upTo(9)}`,
          minorUnits: upTo(3) === 0 ? upTo(1_200) : upTo(10_000_000),
          seq: next,
          place: 0,
          digest: 'aabbccdd00112233',
          placedAt: `${day}T${String(upTo(24)).padStart(2, '0')}:59:59.999Z`,
          day,
          receivedAt: '2026-01-01T00:00:00.000Z',
          countedAt: '2026-01-01T00:00:00.000Z',
          messageId: 'm',
          currency: 'USD',
          paymentMethod: [null, 'CARD', 'CASH'][upTo(3)] as string | null,
          address: null,
          items: Array.from({ length: 1 + upTo(4) }, () => ({
            productId: `P${upTo(3)}`,
            quantity: String(1 + upTo(5)),
            pricePerUnit: `${upTo(50)}.333`,
          })),
        } as unknown as CountedOrder;
      });
    let ids = 0;
    for (let round = 0; round < 12; round += 1) {
      const partition = 1n + BigInt(round % 2);
      const orders = some(1 + upTo(60));
      await insertOrders(client, '{p}', (partition << 40n) + BigInt(ids), orders);
      ids += orders.length;
      if (round % 3 === 1) {
        await client.query('UPDATE history.orders SET seq = NULL WHERE id % 5 = 0');
        await client.query("UPDATE history.orders SET user_id = 'NOBODY-' || id WHERE user_id = $1", [
          `U${round % 9}`,
        ]);
      }
      if (round % 4 === 3) {
        const gone = await client.query('SELECT id FROM history.orders WHERE id % 3 = 1 OR user_id = $1', [
          `U${upTo(9)}`,
        ]);
        const all = [gone.rows.map(({ id }) => id)];
        await client.query('DELETE FROM history.order_items WHERE order_id = ANY($1)', all);
        await client.query('DELETE FROM history.orders WHERE id = ANY($1)', all);
      }
      expect(await differences()).toEqual([]);
    }
    const { rows } = await client.query('SELECT count(*)::int AS orders FROM history.orders');
    expect(rows[0].orders).toBeGreaterThan(20);
  });

  it('is added up from what was there before', async () => {
    const before = await differences();
    for (const table of Object.keys(COUNTED)) await client.query(`DELETE FROM history.${table}`);
    expect((await differences()).length).toBeGreaterThan(0);
    const { sql } = MIGRATIONS[1] as (typeof MIGRATIONS)[number];
    await client.query(sql.slice(sql.indexOf('-- What was there before.')));
    expect([before, await differences()]).toEqual([[], []]);
  });

  it('needs no rights of whoever writes orders', async () => {
    await client.query(`CREATE ROLE writer; GRANT USAGE ON SCHEMA history TO writer;
      GRANT SELECT, INSERT, DELETE, UPDATE ON history.orders, history.order_items TO writer; SET ROLE writer`);
    try {
      await client.query('UPDATE history.orders SET minor_units = minor_units + 1');
      await expect(client.query('UPDATE history.cohorts SET users = 1')).rejects.toThrow(/permission denied/);
    } finally {
      await client.query('RESET ROLE');
    }
    expect(await differences()).toEqual([]);
  });
});

describe('a range of days', () => {
  it.each([
    ['2025-01-01', '2025-12-31', '2025-01-01 2025-12-01', []],
    ['2025-01-02', '2025-03-30', '2025-02-01 2025-02-01', ['2025-01-02 2025-01-31', '2025-03-01 2025-03-30']],
    ['2025-01-02', '2025-02-28', '2025-02-01 2025-02-01', ['2025-01-02 2025-01-31']],
    ['2024-02-01', '2024-02-28', '', ['2024-02-01 2024-02-28']],
    ['2025-01-31', '2025-02-01', '', ['2025-01-31 2025-02-01']],
    ['0001-01-01', '9999-12-31', '0001-01-01 9999-12-01', []],
    ['9999-12-02', '9999-12-31', '', ['9999-12-02 9999-12-31']],
  ])('%s to %s is whole months and the days at its edges', (startDay, endDay, months, days) => {
    const text = (range: { startDay: string; endDay: string } | undefined) =>
      range ? `${range.startDay} ${range.endDay}` : '';
    const { whole, edges } = wholeMonths({ startDay, endDay });
    expect([text(whole), edges.map(text)]).toEqual([months, days]);
  });
});

function mulberry(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
