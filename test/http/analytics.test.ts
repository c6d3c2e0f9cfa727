import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { Client } from 'pg';
import { type ApiDocument, readApiDocument } from '../support/apiDocument.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;

const QUESTIONS = [
  '/analytics/products',
  '/analytics/payment-methods',
  '/analytics/hours',
  '/analytics/order-values',
  '/analytics/customers',
  '/analytics/cohorts',
  '/orders',
  '/users/U0001/orders',
];

describe('questions about the history', () => {
  let postgres: TestPostgres;
  let pipeline: TestPipeline;
  let client: Client;
  let api: ApiDocument;

  const order = (
    order_id: string,
    user_id: string,
    day: string,
    lines: [string, number, number][],
    more: Json = {},
  ) =>
    anOrder({
      order_id,
      user_id,
      order_timestamp: `${day}T10:30:00Z`,
      items: lines.map(([product_id, quantity, price_per_unit]) => ({
        product_id,
        quantity,
        price_per_unit,
      })),
      order_value: Number(lines.reduce((sum, [, quantity, price]) => sum + quantity * price, 0).toFixed(2)),
      ...more,
    });

  beforeAll(async () => {
    postgres = await startTestPostgres();
    const target = await postgres.database();
    pipeline = await startPipeline({ DATABASE_URL: postgres.url(target) });
    client = await postgres.client(target);
    await pipeline.send(
      order(
        'A1',
        'U0001',
        '2025-01-15',
        [
          ['P1', 2, 10],
          ['P2', 1, 0.333],
          ['P1', 1, 5],
        ],
        { payment_method: 'card' },
      ),
      order('A2', 'U0001', '2025-02-01', [['P2', 3, 33.333]], { payment_method: 'card' }),
      order('A3', 'U0002', '2025-02-10', [['P3', 1, 1999.99]], { payment_method: 'cash' }),
      order('A4', 'U0001', '2025-03-03', [['=cmd', 1, 7]], { payment_method: undefined }),
      order('A5', 'O\'BRIEN "; DROP TABLE history.orders; --', '2025-03-04', [['P3', 2, 1.5]]),
    );
    await pipeline.settled();
    await until(async () => {
      const { rows } = await client
        .query('SELECT count(*)::int AS n FROM history.orders')
        .catch(() => ({ rows: [] }));
      return rows[0]?.n === 5;
    }, 'all of them are in PostgreSQL');
    api = readApiDocument(await pipeline.json('/openapi.json'));
  });
  afterAll(async () => {
    await pipeline?.stop();
    await postgres?.stop();
  });

  it.each([
    ...QUESTIONS.map((path) => [path, path.replace('U0001', '{user_id}')]),
    ['/orders/U0001/A1', '/orders/{user_id}/{order_id}'],
    ['/orders/export', '/orders/export'],
    ['/analytics/products/export?by=orders', '/analytics/products/export'],
  ])('%s answers as the document says', async (path, documented) => {
    const { status, headers, ...answer } = await pipeline.get(path).then(async (response) => ({
      status: response.status,
      headers: response.headers,
      body: await response.text(),
    }));
    expect([status, api.faults(api.operation(documented), { status, headers, ...answer })]).toEqual([
      200,
      [],
    ]);
  });

  it('what was sold is told by product, of all orders or of days, the most of what is asked first', async () => {
    expect(await pipeline.json('/analytics/products')).toEqual([
      { product_id: 'P3', orders: 2, quantity: '3', revenue: 2002.99 },
      { product_id: 'P2', orders: 2, quantity: '4', revenue: 100.33 },
      { product_id: 'P1', orders: 1, quantity: '3', revenue: 25 },
      { product_id: '=cmd', orders: 1, quantity: '1', revenue: 7 },
    ]);
    expect(
      await pipeline.json(
        '/analytics/products?by=quantity&limit=1&start_date=2025-01-15&end_date=2025-02-09',
      ),
    ).toEqual([{ product_id: 'P2', orders: 2, quantity: '4', revenue: 100.33 }]);
    expect(await pipeline.json('/analytics/products?start_date=2025-01-16&end_date=2025-01-31')).toEqual([]);
  });

  it('payment methods, hours, values, customers and cohorts add up to what was counted', async () => {
    const { total_orders, total_revenue } = await pipeline.json('/stats/global');
    const sums = (rows: Json[]) => ({
      orders: rows.reduce((sum, row) => sum + (row.orders as number), 0),
      revenue: Number(rows.reduce((sum, row) => sum + (row.revenue as number), 0).toFixed(2)),
    });
    const all = { orders: total_orders, revenue: total_revenue };
    const methods = await pipeline.json<Json[]>('/analytics/payment-methods');
    expect(methods.map(({ payment_method }) => payment_method)).toContain(null);
    const hours = await pipeline.json<Json[]>('/analytics/hours');
    expect(hours.length).toBe(168);
    expect(hours.filter(({ orders }) => orders !== 0).every(({ hour }) => hour === 10)).toBe(true);
    const values = await pipeline.json<{ orders: number; revenue: number; histogram: Json[] }>(
      '/analytics/order-values',
    );
    const cohorts =
      await pipeline.json<{ first_month: string; users: number; months: Json[] }[]>('/analytics/cohorts');
    expect([
      sums(methods),
      sums(hours),
      sums(values.histogram),
      sums(cohorts.flatMap(({ months }) => months)),
    ]).toEqual([all, all, all, all]);
    expect(values).toMatchObject({
      ...all,
      percentiles: expect.arrayContaining([{ percent: 50, value: 25.3 }]),
    });
    expect(cohorts[0]).toEqual({
      first_month: '2025-01',
      users: 1,
      months: [
        { months_since: 0, users: 1, orders: 1, revenue: 25.33 },
        { months_since: 1, users: 1, orders: 1, revenue: 100 },
        { months_since: 2, users: 1, orders: 1, revenue: 7 },
      ],
    });
    const customers = await pipeline.json('/analytics/customers');
    expect(customers).toMatchObject({
      users: 3,
      repeat_users: 1,
      repeat_share: 0.3333,
      repeat_revenue: 132.33,
    });
    const inRange = '?start_date=0001-01-01&end_date=9999-12-31';
    for (const path of QUESTIONS.slice(0, 6))
      expect([path, await pipeline.json(path + inRange)]).toEqual([path, await pipeline.json(path)]);
  });

  it('one order is told with its lines and each time that it counted', async () => {
    const path = `/orders/U0001/A1`;
    expect(await pipeline.json(path)).toMatchObject({
      order_value: 25.33,
      payment_method: 'CARD',
      placed_at: '2025-01-15T10:30:00.000Z',
      in_totals: true,
      items: [
        { product_id: 'P1', quantity: '2', price_per_unit: '10' },
        { product_id: 'P2', quantity: '1', price_per_unit: '0.333' },
        { product_id: 'P1', quantity: '1', price_per_unit: '5' },
      ],
      counted_again: [],
    });
    await client.query(`INSERT INTO history.counted_again (tag, seq, place, user_id, order_id, minor_units, placed_at, received_at,
        counted_at, day, currency, message_id, digest, items)
      SELECT '{p}', 99, 0, user_id, order_id, 5, placed_at, received_at, '2026-01-02T03:04:05Z', day, currency, 'again', digest, '[]'
      FROM history.orders WHERE order_id = 'A1'`);
    expect(await pipeline.json(path)).toMatchObject({
      counted_again: [
        {
          counted_at: '2026-01-02T03:04:05.000Z',
          order_value: 0.05,
          message_id: 'again',
          same_content: true,
        },
      ],
    });
    const missing = await pipeline.get('/orders/U0001/NONE');
    expect([missing.status, ((await missing.json()) as Json).type]).toEqual([404, '/problems/unknown-order']);
  });

  it('orders are found by each filter and by several, and a cursor is good for its own list alone', async () => {
    const ids = async (query: string) =>
      (await pipeline.json<{ orders: Json[] }>(`/orders?${query}`)).orders.map(({ order_id }) => order_id);
    expect(await ids('user_id=u0001')).toEqual(['A4', 'A2', 'A1']);
    expect(await ids('product_id=P2')).toEqual(['A2', 'A1']);
    expect(await ids('payment_method=Card&min_value=50')).toEqual(['A2']);
    expect(await ids('min_value=3&max_value=25.33')).toEqual(['A5', 'A4', 'A1']);
    expect(await ids('start_date=2025-02-01&end_date=2025-02-10')).toEqual(['A3', 'A2']);
    const { next_cursor } = await pipeline.json('/orders?user_id=U0001&limit=1');
    expect(await ids(`user_id=U0001&limit=1&cursor=${next_cursor}`)).toEqual(['A2']);
    const wrong = [
      `user_id=U0002&cursor=${next_cursor}`,
      `user_id=U0001&cursor=${String(next_cursor).slice(0, -2)}`,
    ];
    for (const query of wrong) expect((await pipeline.get(`/orders?${query}`)).status).toBe(400);
  });

  it('CSV has the rows of JSON, and a file all of them', async () => {
    const csv = async (path: string) => {
      const answer = await pipeline.get(path, { headers: { accept: 'text/csv' } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('text/csv'),
      ]);
      const [head = '', ...lines] = (await answer.text()).trimEnd().split('\r\n');
      const columns = head.split(',');
      return lines.map((line) => Object.fromEntries(cells(line).map((cell, at) => [columns[at], cell])));
    };
    const asCells = (rows: Json[]) =>
      rows.map(({ items: _, ...row }) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            /^[=+\-@']/.test(String(value)) ? `'${value}` : String(value ?? ''),
          ]),
        ),
      );
    const products = await pipeline.json<Json[]>('/analytics/products');
    expect(await csv('/analytics/products')).toEqual(asCells(products));
    expect(await csv('/analytics/products/export')).toEqual(asCells(products));
    const { orders } = await pipeline.json<{ orders: Json[] }>('/orders');
    expect(await csv('/orders')).toEqual(asCells(orders));
    const withoutCounts = orders.map(({ item_count: _, ...row }) => row);
    expect(await csv('/orders/export')).toEqual(asCells(withoutCounts));
    const lines = orders.flatMap(({ items, item_count: _, ...row }) =>
      (items as Json[]).map((item, at) => ({ ...row, line: at + 1, ...item })),
    );
    expect(await csv('/orders/export?rows=items')).toEqual(asCells(lines));
    expect(await csv('/orders/export?user_id=nobody')).toEqual([]);
    for (const path of QUESTIONS) expect((await csv(path)).length).toBeGreaterThan(0);
  });

  it('Parquet has the rows of CSV, money and times as such', async () => {
    const table = async (path: string) => {
      const answer = await pipeline.get(path);
      expect(answer.headers.get('content-disposition')).toMatch(/\.parquet"$/);
      const file = await answer.arrayBuffer();
      return { metadata: parquetMetadata(file), rows: (await parquetReadObjects({ file })) as Json[] };
    };
    const { orders } = await pipeline.json<{ orders: Json[] }>('/orders');
    const inTimes = orders.map(({ items: _, item_count: __, ...row }) => ({
      ...row,
      ...Object.fromEntries(
        ['placed_at', 'received_at', 'counted_at'].map((name) => [name, new Date(String(row[name]))]),
      ),
    }));
    const { metadata, rows } = await table('/orders/export?format=parquet');
    // This reader makes doubles of decimals.
    const inCents = rows.map((row) => ({ ...row, order_value: Number(Number(row.order_value).toFixed(2)) }));
    expect(inCents).toEqual(inTimes);
    expect(metadata.schema.find(({ name }) => name === 'order_value')).toMatchObject({
      converted_type: 'DECIMAL',
      precision: 18,
      scale: 2,
    });
    expect((await table('/orders/export?format=parquet&user_id=nobody')).rows).toEqual([]);
    const items = await table('/orders/export?format=parquet&rows=items');
    expect(
      items.rows.map(({ quantity, price_per_unit, line }) => [quantity, price_per_unit, line]),
    ).toContainEqual(['1', '0.333', 2n]);
  });

  it('whatever a parameter holds, it is looked for and never done', async () => {
    const dumped = async () =>
      (await client.query('SELECT * FROM history.orders, history.order_items ORDER BY 1')).rows;
    const before = await dumped();
    const evil = [
      "'",
      "'; DROP TABLE history.orders; --",
      "x' OR '1'='1",
      '$1',
      '\\',
      '%',
      '"; SELECT 1',
      ')) UNION SELECT 1 --',
      '\u{1F600}',
      'a\u0000b',
    ];
    for (const { path, method, parameters } of api.operations.filter(
      (each) =>
        /^\/(analytics|orders|users\/\{user_id\}\/orders)/.test(each.path) && !each.path.includes('findings'),
    )) {
      expect(method).toBe('get');
      for (const { name, in: place } of parameters) {
        for (const value of evil) {
          const given = encodeURIComponent(value);
          const filled = path.replaceAll(/\{(\w+)\}/g, (_, each) => (each === name ? given : 'X'));
          const answer = await pipeline.get(place === 'path' ? filled : `${filled}?${name}=${given}`);
          const body = await answer.text();
          expect([path, name, value, answer.status < 500, /syntax|pg_|relation/.test(body)]).toEqual([
            path,
            name,
            value,
            true,
            false,
          ]);
        }
      }
    }
    const { orders } = await pipeline.json<{ orders: Json[] }>(
      `/orders?user_id=${encodeURIComponent('o\'brien "; drop table history.orders; --')}`,
    );
    expect(orders.map(({ order_id }) => order_id)).toEqual(['A5']);
    expect(await dumped()).toEqual(before);
  });

  describe('while orders come in', () => {
    const COUNT = 700;
    beforeEach(() => insert(COUNT, "time '12:00'"));
    afterEach(async () => {
      await client.query(
        "DELETE FROM history.order_items WHERE order_id IN (SELECT id FROM history.orders WHERE order_id LIKE 'N%')",
      );
      await client.query("DELETE FROM history.orders WHERE order_id LIKE 'N%'");
    });
    let inserted = 0;
    /** Of few times, so that many are of the same. */
    const insert = async (count: number, time: string) => {
      await client.query(
        `WITH o AS (INSERT INTO history.orders (id, seq, minor_units, placed_at, received_at, counted_at, day, user_id, order_id, currency, message_id, digest)
           SELECT (9::bigint << 40) + n, n, 100, at, at, at, '2026-05-01', 'N' || n % 7, 'N' || n, 'USD', 'm', '\\x00'
           FROM generate_series($1::int, $2::int) n, LATERAL (SELECT date '2026-05-01' + ${time} + interval '1 minute' * (n % 3)) AS t (at) RETURNING id, day)
         INSERT INTO history.order_items SELECT id, day, 1, 'PN', 1, 1 FROM o`,
        [inserted, inserted + count - 1],
      );
      inserted += count;
    };

    it('pages list everything that was there, and nothing twice', async () => {
      const from = inserted - COUNT;
      const seen: string[] = [];
      let next: string | null = '/orders?product_id=PN&limit=90';
      while (next !== null) {
        const answer: Response = await pipeline.get(next);
        const { orders } = (await answer.json()) as { orders: Json[] };
        seen.push(...orders.map(({ order_id }) => String(order_id)));
        next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
        await insert(30, "time '12:00'");
      }
      expect(new Set(seen).size).toBe(seen.length);
      const there = Array.from({ length: COUNT }, (_, at) => `N${from + at}`);
      expect(there.filter((id) => !seen.includes(id))).toEqual([]);
    });

    it('a file is as of one moment, however many portions it takes', async () => {
      const answer = await pipeline.get('/orders/export?product_id=PN');
      await insert(10, "time '11:00'");
      expect((await answer.text()).trimEnd().split('\r\n').length).toBe(COUNT + 1);
    });
  });

  const underWay = async () => {
    const { rows } = await client.query(
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'order-pipeline api' AND state <> 'idle' AND query NOT LIKE '%set_config%'",
    );
    return rows[0].n as number;
  };

  it.each(['/orders', '/orders/export'])(
    'what nobody waits for any more ends in PostgreSQL too: %s',
    async (path) => {
      const holder = await lockOrders();
      try {
        const leaving = new AbortController();
        const asked = pipeline.get(path, { signal: leaving.signal }).catch((error: Error) => error.name);
        await until(async () => (await underWay()) === 1, 'the question is under way');
        leaving.abort();
        expect(await asked).toBe('AbortError');
        await until(async () => (await underWay()) === 0, 'it has ended');
      } finally {
        await holder.end();
      }
    },
  );

  it('what takes longer than 5 seconds is given up with a sentence, as is what would wait behind too many', async () => {
    const holder = await lockOrders();
    const asked = await Promise.all(Array.from({ length: 30 }, () => pipeline.get('/orders')));
    const problems = (await Promise.all(asked.map((answer) => answer.json()))) as Json[];
    await holder.end();
    expect(asked.map(({ status }) => status)).toEqual(asked.map(() => 503));
    expect(problems.every(({ type }) => type === '/problems/overloaded')).toBe(true);
    const saying = (what: RegExp) => problems.filter(({ detail }) => what.test(String(detail))).length;
    expect(saying(/longer than 5 seconds/)).toBeGreaterThanOrEqual(1);
    expect(saying(/wait than may/)).toBe(6);
    expect((await pipeline.get('/orders')).status).toBe(200);
  });

  it('of an order of 10,000 lines a list tells the first, and the order itself all', async () => {
    await client.query(`INSERT INTO history.order_items
      SELECT id, day, n, 'MANY', 1, 1 FROM history.orders, generate_series(2, 10000) n WHERE order_id = 'A4'`);
    const { orders } = await pipeline.json<{ orders: (Json & { items: Json[] })[] }>(
      '/orders?product_id=MANY',
    );
    expect(orders.map(({ item_count, items }) => [item_count, items.length])).toEqual([[10_000, 100]]);
    const { items } = await pipeline.json<{ items: Json[] }>('/orders/U0001/A4');
    expect(items.length).toBe(10_000);
    await client.query("DELETE FROM history.order_items WHERE product_id = 'MANY'");
  });

  it('tables of another version are said to be that', async () => {
    await client.query('ALTER TABLE history.cohorts RENAME TO elsewhere');
    const answer = await pipeline.get('/analytics/cohorts');
    await client.query('ALTER TABLE history.elsewhere RENAME TO cohorts');
    expect([answer.status, await answer.json()]).toEqual([
      503,
      expect.objectContaining({
        type: '/problems/history-unavailable',
        detail: expect.stringContaining('history migrate'),
      }),
    ]);
  });

  /** A lock that everybody who reads orders waits for. */
  async function lockOrders(): Promise<Client> {
    const { host, port, database, user, password } = client as unknown as Record<string, string>;
    const holder = await postgres.client({ host, port, database, user, password, tls: false } as never);
    await holder.query('BEGIN; LOCK TABLE history.orders');
    return holder;
  }

  it('without PostgreSQL it is a sentence, while what is in Redis is told as ever', async () => {
    process.kill(postgres.pid(), 'SIGQUIT');
    const answers = async () =>
      Promise.all(
        [...QUESTIONS, '/orders/export'].map(async (path) => {
          const answer = await pipeline.get(path);
          return [path, answer.status, ((await answer.json()) as Json).type];
        }),
      );
    await until(async () => (await pipeline.get('/orders')).status === 503, 'PostgreSQL is away');
    for (const [path, ...answer] of await answers())
      expect([path, ...answer]).toEqual([path, 503, '/problems/history-unavailable']);
    expect((await pipeline.get('/stats/global')).status).toBe(200);
    await postgres.restart();
    await until(async () => (await pipeline.get('/orders')).status === 200, 'it is back');
  });
});

describe('without a history', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline?.stop());

  it('each question is answered with how to switch one on', async () => {
    for (const path of [...QUESTIONS, '/orders/export', '/orders/U/O']) {
      const answer = await pipeline.get(path);
      expect([path, answer.status, await answer.json()]).toEqual([
        path,
        404,
        expect.objectContaining({
          type: '/problems/history-off',
          detail: expect.stringContaining('DATABASE_URL'),
        }),
      ]);
    }
  });
});

/** One line of RFC 4180 without line ends in its fields. */
const cells = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  );
