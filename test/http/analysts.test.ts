import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

const worth = (order_value: number, order_timestamp: string, user_id = 'U1') =>
  anOrder({
    user_id,
    order_id: `${user_id} ${order_timestamp}`,
    order_timestamp,
    order_value,
    items: [{ product_id: 'P', quantity: 1, price_per_unit: order_value }],
  });
const AUGUST = 'start_date=2025-08-01&end_date=2025-08-31';
const JULY = 'start_date=2025-07-01&end_date=2025-07-31';
const withJuly = JULY.replaceAll(/(start|end)_date/g, 'with_$1_date');

describe('what analysts ask', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '2' });
    await pipeline.send(
      worth(10, '2025-07-01'),
      worth(20.01, '2025-07-31', 'U2'),
      worth(0.02, '2025-08-01'),
      worth(0.01, '2025-08-31', 'U3'),
      worth(60, '2025-08-31', 'U2'),
    );
    await pipeline.settled();
    expect(await pipeline.failed()).toEqual([]);
  });
  afterAll(() => pipeline.stop());

  it('two ranges are compared in one call', async () => {
    expect(await pipeline.json(`/stats/compare?${AUGUST}&${withJuly}`)).toEqual({
      range: {
        start_date: '2025-08-01',
        end_date: '2025-08-31',
        total_orders: 3,
        total_revenue: 60.03,
        average_order_value: 20.01,
      },
      with: {
        start_date: '2025-07-01',
        end_date: '2025-07-31',
        total_orders: 2,
        total_revenue: 30.01,
        average_order_value: 15.01,
      },
      difference: { total_orders: 1, total_revenue: 30.02, average_order_value: 5 },
      ratio: { total_orders: 1.5, total_revenue: 2.0003, average_order_value: 1.3331 },
    });
  });

  it('there is no ratio to nothing, and less is negative', async () => {
    const empty = 'with_start_date=2024-01-01&with_end_date=2024-01-31';
    expect(await pipeline.json(`/stats/compare?${AUGUST}&${empty}`)).toMatchObject({
      ratio: { total_orders: null, total_revenue: null, average_order_value: null },
    });
    const withAugust = AUGUST.replaceAll(/(start|end)_date/g, 'with_$1_date');
    expect(await pipeline.json(`/stats/compare?${JULY}&${withAugust}`)).toMatchObject({
      difference: { total_orders: -1, total_revenue: -30.02, average_order_value: -5 },
    });
  });

  it.each([
    ['the second range', `${AUGUST}&with_start_date=2025-08-01`, ['with_end_date', 'required']],
    [
      'its order',
      `${AUGUST}&with_start_date=2025-08-02&with_end_date=2025-08-01`,
      ['with_start_date', 'range'],
    ],
    [
      'the order of the first',
      `start_date=2025-08-02&end_date=2025-08-01&${withJuly}`,
      ['start_date', 'range'],
    ],
  ])('a comparison without %s is refused', async (_name, query, expected) => {
    const response = await pipeline.get(`/stats/compare?${query}`);
    const { errors } = (await response.json()) as { errors: { parameter: string; rule: string }[] };
    expect(errors.map(({ parameter, rule }) => [parameter, rule])).toEqual([expected]);
  });

  it('an average is rounded half up, also where a quotient of doubles would not be', async () => {
    // 7,000,000,000,000,001 minor units by 2: the half is past what a double tells from a whole.
    const keys = statsKeys(makePartitions(2).all[0] as Partition);
    await pipeline.redis
      .client()
      .hset(keys.days, '1999-01-01:orders', 2, '1999-01-01:revenue', '7000000000000001');
    const { points } = await pipeline.json<{ points: unknown[] }>(
      '/stats/series?granularity=day&start_date=1999-01-01&end_date=1999-01-01',
    );
    expect(points).toEqual([
      {
        period: '1999-01-01',
        orders: 2,
        revenue: 70000000000000.01,
        average_order_value: 35000000000000.01,
      },
    ]);
  });

  it.each([
    [
      '/stats/by-date',
      'by-date-2025-08-01-2025-08-31',
      'total_orders,total_revenue,average_order_value\r\n3,60.03,20.01\r\n',
    ],
    [
      '/stats/top-spenders',
      'top-spenders-2025-08-01-2025-08-31',
      'user_id,total_spend\r\nU2,60\r\nU1,0.02\r\nU3,0.01\r\n',
    ],
    [
      `/v1/stats/compare?${withJuly}`,
      'compare-2025-08-01-2025-08-31',
      'start_date,end_date,total_orders,total_revenue,average_order_value\r\n2025-08-01,2025-08-31,3,60.03,20.01\r\n2025-07-01,2025-07-31,2,30.01,15.01\r\n',
    ],
    [
      '/stats/series?granularity=quarter',
      'series-2025-08-01-2025-08-31',
      'period,orders,revenue,average_order_value\r\n2025-Q3,3,60.03,20.01\r\n',
    ],
  ])('%s is a file when format or Accept says so', async (path, name, expected) => {
    const at = `${path}${path.includes('?') ? '&' : '?'}${AUGUST}`;
    for (const [query, accept] of [
      ['&format=csv', 'text/html'],
      ['', 'text/csv'],
    ] as const) {
      const response = await pipeline.get(at + query, { headers: { accept } });
      expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${name}.csv"`);
      expect(await response.text()).toBe(expected);
    }
    const json = await pipeline.get(`${at}&format=json`, { headers: { accept: 'text/csv' } });
    expect(json.headers.get('content-disposition')).toBeNull();
    await json.json();
  });

  it('a series by the hour goes by when orders were counted, not by their own dates', async () => {
    const counted = Date.now();
    const day = (offset: number) => new Date(counted + offset * 86_400_000).toISOString().slice(0, 10);
    const path = `/stats/series?granularity=hour&start_date=${day(-1)}&end_date=${day(1)}`;
    interface Point {
      period: string;
      orders: number | null;
      average_order_value: number | null;
    }
    let series: { known_from: string; points: Point[] } | undefined;
    const inAll = () => series?.points.reduce((sum, { orders }) => sum + (orders ?? 0), 0);
    await until(async () => {
      series = await pipeline.json(path);
      return inAll() === 5;
    }, 'the pulse has all five');
    const { known_from, points } = series as NonNullable<typeof series>;
    expect(points).toHaveLength(72);
    expect(points[0]).toEqual({
      period: `${day(-1)}T00:00Z`,
      orders: null,
      revenue: null,
      average_order_value: null,
    });
    const first = points.findIndex(({ orders }) => orders !== null);
    expect(new Date(known_from).toISOString()).toBe(new Date(points[first]?.period as string).toISOString());
    expect(points.slice(first).every(({ orders }) => orders !== null)).toBe(true);
    // The hour may turn while they are counted.
    const hours = points.filter(({ orders }) => orders);
    if (hours.length === 1)
      expect(hours).toEqual([
        { period: expect.any(String), orders: 5, revenue: 90.04, average_order_value: 18.01 },
      ]);
    for (const { period } of hours)
      expect(Math.abs(Date.parse(period) - counted)).toBeLessThan(2 * 3_600_000);

    const csv = await pipeline.get(`${path}&format=csv`);
    expect(csv.headers.get('content-disposition')).toBe(
      `attachment; filename="series-${day(-1)}-${day(1)}.csv"`,
    );
    const [head, line] = (await csv.text()).split('\r\n');
    expect([head, line]).toEqual(['period,orders,revenue,average_order_value', `${day(-1)}T00:00Z,,,`]);
  });

  it('an answer and its 304 say how many orders no number holds yet', async () => {
    const { get, queues } = pipeline;
    await Promise.all(queues.map((queue) => queue.pause()));
    await pipeline.send(worth(1, '2025-09-01', 'U4'), worth(1, '2025-09-01', 'U5'));
    const path = '/stats/global';
    const first = await get(path);
    await first.arrayBuffer();
    const headers = { 'if-none-match': first.headers.get('etag') as string };
    const seen = async () => {
      const response = await get(path, { headers });
      return [
        response.status,
        response.headers.get('x-orders-waiting'),
        response.headers.get('x-orders-failed'),
      ];
    };
    await until(async () => String(await seen()) === '304,2,0', 'two orders wait');
    await Promise.all(queues.map((queue) => queue.resume()));
    await pipeline.send(worth(1, 'no date', 'U6'));
    await pipeline.settled();
    await until(async () => String(await seen()) === '200,0,1', 'they were counted, and one failed');
  });

  it('the next page of a file is a file', async () => {
    const response = await pipeline.get(`/stats/users-by-date?${AUGUST}&limit=1&format=csv`);
    await response.text();
    expect(response.headers.get('link')).toContain('format=csv');
  });
});
