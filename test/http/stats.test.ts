import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

const worth = (order_value: number, changes: Record<string, unknown>) =>
  anOrder({
    order_value,
    items: [{ product_id: 'P1', quantity: 1, price_per_unit: order_value }],
    ...changes,
  });

describe('the stats before the first order', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline();
  });
  afterAll(() => pipeline.stop());

  it.each([
    ['/stats/global', { total_orders: 0, total_revenue: 0, average_order_value: 0 }],
    ['/stats/top-spenders', []],
    ['/stats/top-buyers', []],
    [
      '/stats/by-date?start_date=2024-12-01&end_date=2024-12-31',
      { total_orders: 0, total_revenue: 0, average_order_value: 0 },
    ],
  ])('%s is empty, not an error', async (path, expected) => {
    const response = await pipeline.get(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(expected);
  });

  it('metrics are zeros, with no division by no orders', async () => {
    expect(await pipeline.json('/metrics')).toEqual({
      total_orders: 0,
      total_revenue: 0,
      unique_users: 0,
      average_order_value: 0,
      timestamp: expect.any(Number),
    });
  });
});

describe('the stats of some orders', () => {
  let pipeline: TestPipeline;

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '3' });
    await pipeline.send(
      worth(199.99, { order_id: '1', user_id: 'U123', order_timestamp: '2025-07-31T23:59:59.999Z' }),
      worth(100, { order_id: '2', user_id: 'u123 ', order_timestamp: '2025-08-01T00:00:00Z' }),
      worth(0, { order_id: '3', user_id: 'U123', order_timestamp: '2025-08-09T23:59:59.999Z' }),
      worth(1000.1, { order_id: '1', user_id: 'some one/else', order_timestamp: '2025-08-10T00:00:00Z' }),
      worth(0.2, { order_id: '1', user_id: 'Ünïcode 東京 🛒', order_timestamp: '2025-08-10T01:30:00+02:00' }),
      ...Array.from({ length: 6 }, (_, index) =>
        worth(index + 1, { order_id: '1', user_id: `V${index + 1}`, order_timestamp: '2023-01-01' }),
      ),
    );
    await pipeline.settled();
    expect(await pipeline.failed()).toEqual([]);
  });
  afterAll(() => pipeline.stop());

  it.each([
    ['U123', { user_id: 'U123', order_count: 3, total_spend: 299.99 }],
    ['u123', { user_id: 'U123', order_count: 3, total_spend: 299.99 }],
    ['%20u123%20', { user_id: 'U123', order_count: 3, total_spend: 299.99 }],
    ['some%20one%2Felse', { user_id: 'SOME ONE/ELSE', order_count: 1, total_spend: 1000.1 }],
    [encodeURIComponent('Ünïcode 東京 🛒'), { user_id: 'ÜNÏCODE 東京 🛒', order_count: 1, total_spend: 0.2 }],
  ])('the user written %s in the path is found', async (id, expected) => {
    const response = await pipeline.get(`/users/${id}/stats`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toEqual(expected);
  });

  it('a user without a counted order is a 404 that names the user', async () => {
    const response = await pipeline.get('/users/nobody/stats');
    expect(response.status).toBe(404);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await response.json()).toMatchObject({
      status: 404,
      title: 'Not Found',
      detail: expect.stringContaining('NOBODY'),
    });
  });

  it('the global totals hold every order', async () => {
    expect(await pipeline.json('/stats/global')).toEqual({
      total_orders: 11,
      total_revenue: 1321.29,
      average_order_value: 120.12,
    });
  });

  it('metrics say how many users there are and what an order is worth, to the cent', async () => {
    const before = Date.now() / 1_000;
    const metrics = await pipeline.json('/metrics');
    expect(metrics).toEqual({
      total_orders: 11,
      total_revenue: 1321.29,
      unique_users: 9,
      average_order_value: 120.12,
      timestamp: expect.any(Number),
    });
    expect(metrics.timestamp).toBeGreaterThanOrEqual(before);
    expect(metrics.timestamp).toBeLessThanOrEqual(Date.now() / 1_000);
  });

  it('top spenders are the five biggest unless the limit says otherwise', async () => {
    const all = [
      { user_id: 'SOME ONE/ELSE', total_spend: 1000.1 },
      { user_id: 'U123', total_spend: 299.99 },
      { user_id: 'V6', total_spend: 6 },
      { user_id: 'V5', total_spend: 5 },
      { user_id: 'V4', total_spend: 4 },
      { user_id: 'V3', total_spend: 3 },
      { user_id: 'V2', total_spend: 2 },
      { user_id: 'V1', total_spend: 1 },
      { user_id: 'ÜNÏCODE 東京 🛒', total_spend: 0.2 },
    ];
    expect(await pipeline.json('/stats/top-spenders')).toEqual(all.slice(0, 5));
    expect(await pipeline.json('/stats/top-spenders?limit=1')).toEqual(all.slice(0, 1));
    expect(await pipeline.json('/stats/top-spenders?limit=1000')).toEqual(all);
  });

  it('top buyers are the five with most orders unless the limit says otherwise', async () => {
    const buyers = await pipeline.json<unknown[]>('/stats/top-buyers');
    expect(buyers).toHaveLength(5);
    expect(buyers[0]).toEqual({ user_id: 'U123', order_count: 3 });
    expect(buyers[1]).toEqual({ user_id: expect.any(String), order_count: 1 });
    expect(await pipeline.json('/stats/top-buyers?limit=1')).toEqual([{ user_id: 'U123', order_count: 3 }]);
    expect(await pipeline.json('/stats/top-buyers?limit=1000')).toHaveLength(9);
  });

  it.each([
    ['2025-08-01', '2025-08-09', { total_orders: 3, total_revenue: 100.2, average_order_value: 33.4 }],
    ['2025-07-31', '2025-07-31', { total_orders: 1, total_revenue: 199.99, average_order_value: 199.99 }],
    ['2025-08-10', '2025-08-10', { total_orders: 1, total_revenue: 1000.1, average_order_value: 1000.1 }],
    ['2025-07-31', '2025-08-10', { total_orders: 5, total_revenue: 1300.29, average_order_value: 260.06 }],
    ['2024-01-01', '2024-12-31', { total_orders: 0, total_revenue: 0, average_order_value: 0 }],
    ['0001-01-01', '9999-12-31', { total_orders: 11, total_revenue: 1321.29, average_order_value: 120.12 }],
  ])('the days from %s to %s count both of them, in UTC', async (start, end, expected) => {
    expect(await pipeline.json(`/stats/by-date?start_date=${start}&end_date=${end}`)).toEqual(expected);
  });
});
