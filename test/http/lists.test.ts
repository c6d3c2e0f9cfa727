import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

/** Ids that CSV, spreadsheets and URLs each stumble over, and what each is in a spreadsheet-safe file. */
const AWKWARD: [id: string, inCsv: string][] = [
  ['=1+2', "'=1+2"],
  ['+49', "'+49"],
  ['-5', "'-5"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ["'QUOTED", "''QUOTED"],
  ['＝１', "'＝１"],
  ['A,B', 'A,B'],
  ['A "B" C', 'A "B" C'],
  ['=A,"B"', '\'=A,"B"'],
  ['ÄÖÜ 東京 🛒', 'ÄÖÜ 東京 🛒'],
  ['A&B=C;D', 'A&B=C;D'],
];

const worth = (user_id: string, order_value: number, order_timestamp: string) =>
  anOrder({
    user_id,
    order_value,
    order_timestamp,
    items: [{ product_id: 'P1', quantity: 1, price_per_unit: order_value }],
  });

const MONTH = 'start_date=2026-08-01&end_date=2026-08-31';

describe('lists', () => {
  let pipeline: TestPipeline;

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '3', USER_DETAIL_DAYS: '36500' });
    await pipeline.send(
      ...AWKWARD.map(([id], index) => worth(id, 100 + index, '2026-08-10')),
      // Equal spends: the cut between two pages falls among them.
      ...Array.from({ length: 9 }, (_, index) => worth(`EQUAL${index}`, 50, '2026-08-11')),
      worth('BEFORE', 9_999, '2026-07-31'),
      worth('AFTER', 9_999, '2026-09-01'),
    );
    await pipeline.settled();
    expect(await pipeline.failed()).toEqual([]);
  });
  afterAll(() => pipeline.stop());

  const csv = async (path: string) => {
    const response = await pipeline.get(path, { headers: { accept: 'text/csv' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const text = await response.text();
    expect(text.endsWith('\r\n')).toBe(true);
    return { response, text, rows: parse(text, { columns: true }) as Record<string, string>[] };
  };

  describe('as CSV', () => {
    it.each([
      ['/stats/top-spenders?limit=1000', ['user_id', 'total_spend']],
      ['/stats/top-buyers?limit=1000', ['user_id', 'order_count']],
      [`/stats/users-by-date?${MONTH}&limit=1000`, ['user_id', 'order_count', 'total_spend']],
      [`/stats/series?${MONTH}&granularity=day`, ['period', 'orders', 'revenue', 'average_order_value']],
    ])('%s has the rows of its JSON', async (path, columns) => {
      const { rows, text } = await csv(path);
      const json = await pipeline.json<unknown[] | { users?: unknown[]; points?: unknown[] }>(path);
      const expected = (Array.isArray(json) ? json : (json.users ?? json.points)) as Record<
        string,
        unknown
      >[];
      expect(text.split('\r\n', 1)[0]).toBe(columns.join(','));
      expect(expected.length).toBeGreaterThan(5);
      const inCsv = new Map(AWKWARD);
      expect(rows).toEqual(
        expected.map((row) =>
          Object.fromEntries(
            Object.entries(row).map(([name, value]) => [name, inCsv.get(value as string) ?? String(value)]),
          ),
        ),
      );
    });

    it('an empty list is its header line', async () => {
      const { text } = await csv('/stats/users-by-date?start_date=2020-01-01&end_date=2020-12-31');
      expect(text).toBe('user_id,order_count,total_spend\r\n');
    });
  });

  describe('every user of a range', () => {
    interface Page {
      users: { user_id: string; order_count: number; total_spend: number }[];
      next_cursor: string | null;
    }

    it.each([1, 2, 7, 19, 20, 21, 1000])('comes once, largest first, in pages of %d', async (limit) => {
      const users: Page['users'] = [];
      let cursor: string | null = null;
      do {
        const page: Page = await pipeline.json(
          `/stats/users-by-date?${MONTH}&limit=${limit}${cursor === null ? '' : `&cursor=${cursor}`}`,
        );
        expect(page.users.length).toBeLessThanOrEqual(limit);
        users.push(...page.users);
        cursor = page.next_cursor;
      } while (cursor !== null);
      expect(users.map(({ user_id }) => user_id).sort()).toEqual(
        [...AWKWARD.map(([id]) => id), ...Array.from({ length: 9 }, (_, index) => `EQUAL${index}`)].sort(),
      );
      const spends = users.map(({ total_spend }) => total_spend);
      expect(spends).toEqual([...spends].sort((a, b) => b - a));
    });

    it.each(['', '/v1'])(
      'are found by following the Link header under "%s", as JSON and as CSV',
      async (prefix) => {
        for (const accept of ['application/json', 'text/csv']) {
          const ids: string[] = [];
          let path: string | undefined = `${prefix}/stats/users-by-date?${MONTH}&limit=6`;
          while (path !== undefined) {
            expect(path.startsWith(`${prefix}/stats/`)).toBe(true);
            const response: Response = await pipeline.get(path, { headers: { accept } });
            const body = await response.text();
            ids.push(
              ...(accept === 'text/csv'
                ? (parse(body, { columns: true }) as { user_id: string }[]).map(({ user_id }) =>
                    user_id.replace(/^'/, ''),
                  )
                : (JSON.parse(body) as Page).users.map(({ user_id }) => user_id)),
            );
            path = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
          }
          expect(new Set(ids).size).toBe(20);
          expect(ids).toHaveLength(20);
        }
      },
    );

    it('a cursor is refused when any character of it is changed, or its range', async () => {
      const first = `/stats/users-by-date?${MONTH}&limit=3`;
      const { next_cursor } = await pipeline.json<Page>(first);
      const cursor = next_cursor as string;
      const statusWith = async (path: string) => {
        const response = await pipeline.get(path);
        const { errors } = (await response.json()) as { errors?: { parameter: string; rule: string }[] };
        return [response.status, errors?.[0]?.parameter, errors?.[0]?.rule];
      };
      expect(await statusWith(`${first}&cursor=${cursor}`)).toEqual([200, undefined, undefined]);
      expect(await statusWith(`/stats/users-by-date?${MONTH}&limit=9&cursor=${cursor}`)).toEqual([
        200,
        undefined,
        undefined,
      ]);
      const refused = [400, 'cursor', 'cursor'];
      for (let at = 0; at < cursor.length; at += 1) {
        const changed = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1);
        expect([changed, await statusWith(`${first}&cursor=${changed}`)]).toEqual([changed, refused]);
      }
      for (const other of [cursor.slice(1), cursor.slice(0, -1), `${cursor}A`, cursor + cursor]) {
        expect(await statusWith(`${first}&cursor=${other}`)).toEqual(refused);
      }
      const otherRange = '/stats/users-by-date?start_date=2026-08-01&end_date=2026-08-30&limit=3';
      expect(await statusWith(`${otherRange}&cursor=${cursor}`)).toEqual(refused);
    });
  });

  it.each([
    ['day', 31, '2026-08-01', '2026-08-31'],
    ['week', 6, '2026-W31', '2026-W36'],
    ['month', 1, '2026-08', '2026-08'],
    ['quarter', 1, '2026-Q3', '2026-Q3'],
    ['year', 1, '2026', '2026'],
  ])('a series by %s has a point per period, zeros included', async (granularity, count, first, last) => {
    const { points } = await pipeline.json<{ points: { period: string; orders: number; revenue: number }[] }>(
      `/stats/series?${MONTH}&granularity=${granularity}`,
    );
    expect(points).toHaveLength(count);
    expect([points[0]?.period, points.at(-1)?.period]).toEqual([first, last]);
    expect(points.reduce((sum, { orders }) => sum + orders, 0)).toBe(20);
    expect(points.reduce((sum, { revenue }) => sum + revenue, 0)).toBe(450 + 1_155);
  });

  it('a user narrows totals, series and ranges; one without orders there has zeros', async () => {
    expect(await pipeline.json(`/stats/by-date?${MONTH}&user_id=equal1`)).toMatchObject({
      total_orders: 1,
      total_revenue: 50,
    });
    expect(await pipeline.json(`/stats/by-date?${MONTH}&user_id=before`)).toMatchObject({
      total_orders: 0,
      total_revenue: 0,
    });
    expect(await pipeline.json(`/stats/by-date?${MONTH}&user_id=nobody`)).toMatchObject({
      total_orders: 0,
      total_revenue: 0,
    });
    const { points } = await pipeline.json(`/stats/series?${MONTH}&granularity=month&user_id=equal1`);
    expect(points).toEqual([{ period: '2026-08', orders: 1, revenue: 50, average_order_value: 50 }]);
    expect(await pipeline.json(`/users/equal1/stats?${MONTH}`)).toEqual({
      user_id: 'EQUAL1',
      order_count: 1,
      total_spend: 50,
    });
    expect(await pipeline.json(`/users/before/stats?${MONTH}`)).toEqual({
      user_id: 'BEFORE',
      order_count: 0,
      total_spend: 0,
    });
    expect((await pipeline.get(`/users/nobody/stats?${MONTH}`)).status).toBe(404);
  });

  it('tops of a range leave out what is outside of it', async () => {
    expect(await pipeline.json(`/stats/top-spenders?limit=1&${MONTH}`)).toEqual([
      { user_id: 'A&B=C;D', total_spend: 110 },
    ]);
    expect(await pipeline.json('/stats/top-buyers?start_date=2026-07-01&end_date=2026-07-31')).toEqual([
      { user_id: 'BEFORE', order_count: 1 },
    ]);
  });

  it('a rank counts who has more', async () => {
    expect(await pipeline.json('/users/equal1/rank')).toEqual({
      user_id: 'EQUAL1',
      spender_rank: 14,
      buyer_rank: 1,
      users: 22,
    });
    expect(await pipeline.json('/users/before/rank')).toMatchObject({ spender_rank: 1 });
  });
});
