import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { documented } from '../../scripts/bench/history/analytics.ts';
import { keepYear } from '../../scripts/bench/history/yearOfOrders.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';

/** What each question is read by. Where nothing stands, all of a small table is read, which is what it is for. */
const MEANT: Record<string, { by?: string; from?: RegExp; whole?: string[] }> = {
  'products sold': { from: /products_by_month/ },
  'products sold, eight months': { by: 'order_items_day', from: /products_by_month/ },
  'payment methods': { from: /orders_by_hour/ },
  'weekday and hour': { from: /orders_by_hour/ },
  'order values': { from: /orders_by_value/ },
  'order values, eight months': { by: 'orders_placed', from: /orders_by_value/ },
  'customers who came back': { from: /users_by_orders/ },
  'customers who came back, a week': { by: 'orders_placed' },
  cohorts: { from: /cohorts/ },
  orders: { by: 'orders_placed' },
  'orders, further on': { by: 'orders_placed' },
  'orders of a product': { by: 'order_items_product' },
  'orders of a rare product': { by: 'order_items_product' },
  'orders of a payment method, a week': { by: 'orders_placed' },
  // No index is meant for that: it would cost each order more than it is worth.
  'orders of a value': { whole: ['orders'] },
  'orders of a user': { by: 'orders_once' },
  'one order': { by: 'orders_once' },
};
/** What grows with every order. */
const LARGE = ['orders', 'order_items', 'user_months'];

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: Node[];
}

describe('the plan of a question', () => {
  let postgres: TestPostgres;
  let client: Client;
  beforeAll(async () => {
    postgres = await startTestPostgres();
    client = await postgres.client(await postgres.database());
    await keepYear(client, 60_000);
  });
  afterAll(() => postgres?.stop());

  it('stands here for each that is documented', () => {
    expect(Object.keys(MEANT)).toEqual(Object.keys(documented()));
  });

  it.each(Object.entries(documented()))('uses what is meant for it: %s', async (name, { sql, values }) => {
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${sql}`, values as unknown[]);
    const nodes = all(rows[0]['QUERY PLAN'][0].Plan);
    const { by, from, whole: meant = [] } = MEANT[name] ?? {};
    const whole = nodes
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .map((node) => node['Relation Name'] as string);
    expect(whole.filter((table) => LARGE.includes(table))).toEqual(meant);
    if (by !== undefined) expect(nodes.map((node) => node['Index Name'])).toContain(by);
    if (from) expect(nodes.map((node) => node['Relation Name']).join(' ')).toMatch(from);
  });
});

const all = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(all)];
