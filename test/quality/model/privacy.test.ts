import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { ExactNumber } from '../../../src/orders/exactJson.ts';
import { placeOf } from '../../../src/quality/model/place.ts';
import { type ModelServer, startModelServer } from '../../support/modelServer.ts';
import { anOrder } from '../../support/orders.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';
import { aGroup, reviewing, wrongOrder } from '../../support/reviewing.ts';

describe('what a language model is shown', () => {
  let store: TestRedis;
  let redis: Redis;
  let server: ModelServer;
  beforeAll(async () => {
    store = await startTestRedis();
    redis = store.client();
  });
  afterAll(() => store.stop());
  beforeEach(async () => {
    await redis.flushall();
    server = await startModelServer();
  });
  afterEach(() => server.stop());

  const everything = () => server.asked.map(({ raw, headers }) => raw + JSON.stringify(headers)).join('\n');

  /** Somebody who puts what is personal wherever it fits. */
  const PERSONAL = {
    order_id: 'INV-JANEDOE-77',
    user_id: 'jane.doe@example.org',
    shipping_address: 'Jane Doe, 12 Evergreen Terrace, Flat 9, Springfield, IL 62701, USA',
    payment_method: 'Visa 4111 1111 1111 1111 of jane.doe@example.org, INV-JANEDOE-77',
    order_value: 3980,
    items: [
      {
        product_id: 'mug for jane.doe@example.org',
        quantity: 2,
        price_per_unit: 1990,
        note: 'Happy 40th, Jane',
      },
    ],
    customer: { name: 'Jane Doe', phone: '+1 217 555 0123' },
    note: 'ring twice, gate code 8841',
    order_timestamp: '2024-06-20T06:16:44Z',
  };
  const SECRETS = [
    /jane/i,
    /doe/i,
    /evergreen/i,
    /terrace/i,
    /\bflat\b/i,
    /\b62701\b/,
    /4111.?1111/,
    /555.?0123/,
    /gate/i,
    /40th/,
    /INV-/,
    /EDOE-?77/i,
    /message-1/,
    /group-1/,
  ];

  it('is nothing personal, wherever in an order it stands', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl);
    await reviewer.reviewGroups([aGroup(1, { key: 'P' }, PERSONAL)]);
    await reviewer.reviewGroups([
      aGroup(
        1,
        {
          path: 'user_id',
          key: 'JANE.DOE@EXAMPLE.ORG',
          observed: 'jane.doe@example.org',
          expected: 'like U9999',
        },
        PERSONAL,
      ),
      aGroup(1, { path: 'order_id', key: 'INV-JANEDOE-77', observed: 'INV-JANEDOE-77' }, PERSONAL),
      aGroup(1, { path: 'shipping_address', key: 'no place', observed: PERSONAL.shipping_address }, PERSONAL),
      aGroup(
        1,
        { path: 'payment_method', key: PERSONAL.payment_method, observed: PERSONAL.payment_method },
        PERSONAL,
      ),
      aGroup(
        1,
        { path: 'items[0].product_id', key: 'mug', observed: 'mug for jane.doe@example.org' },
        PERSONAL,
      ),
      aGroup(1, { path: '', key: 'repeat', observed: 'as order INV-JANEDOE-77 of Jane Doe' }, PERSONAL),
      aGroup(1, { path: 'customer.name', key: 'name', observed: 'Jane Doe' }, PERSONAL),
    ]);
    await reviewer.reviewOrders([{ ref: 'message-1', order: PERSONAL }]);
    await reviewer.judgeValues(
      'payment_method',
      ['Visa 4111 1111 1111 1111 jane@example.org'],
      ['Visa jane@example.org'],
    );
    expect(server.asked.length).toBeGreaterThanOrEqual(4);
    const sent = everything();
    // Of the text only what was found is printed: there is much of it.
    expect(SECRETS.flatMap((secret) => secret.exec(sent)?.[0] ?? [])).toEqual([]);
    // And still there is something to judge.
    expect(sent).toMatch(/Springfield/);
    expect(sent).toMatch(/1990/);
  });

  it('is no id of many orders, but the same pseudonym for the same one', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl);
    const one = wrongOrder(1);
    const other = wrongOrder(1, { order_id: 'ORD999' });
    await reviewer.reviewGroups([
      {
        ...aGroup(1),
        samples: [
          { ref: 'm1', order: one },
          { ref: 'm2', order: other },
        ],
      },
    ]);
    const orders = server.asked[0]?.entries.find(({ about }) => about === 'P1')?.orders;
    expect(orders).toMatchObject([
      { name: 'a', order_id: { is: 'order-1', shape: 'AAA9999999' }, user_id: { is: 'user-1' } },
      { name: 'b', order_id: { is: 'order-2', shape: 'AAA999' }, user_id: { is: 'user-1' } },
    ]);
    expect(everything()).not.toMatch(/7000001|ORD999/);
  });

  it('is a whole address only when that was switched on', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl, { wholeAddresses: true });
    await reviewer.reviewGroups([aGroup(1)]);
    expect(everything()).toMatch(/Evergreen.Terrace/);
  });

  it('is nothing about the machine that asks, and the key only where it belongs', async () => {
    const { reviewer, lines } = reviewing(redis, server.baseUrl);
    await reviewer.reviewGroups([aGroup(1)]);
    const { headers, raw } = server.asked[0] as (typeof server.asked)[number];
    expect(headers.authorization).toBe('Bearer secret-key');
    expect(headers['user-agent']).toBe('order-pipeline');
    expect(
      Object.keys(headers).filter((name) => name.startsWith('x-stainless') || name.startsWith('openai')),
    ).toEqual([]);
    expect(raw + lines.join()).not.toContain('secret-key');
  });

  it('carries no key where none is configured', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl, { apiKey: undefined });
    await reviewer.reviewGroups([aGroup(1)]);
    expect(server.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('is short and plain, whatever was sent', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl);
    const long = 'x'.repeat(500_000);
    const strange = anOrder({
      order_value: new ExactNumber('820982911946154508'),
      payment_method: `a\u202eb\u0000 ${long}`,
      user_id: { id: 7 },
      order_id: [long],
      currency: null,
      shipping_address: `${'12 St, '.repeat(50_000)}Oslo`,
      items: Array.from({ length: 1_000 }, (_, at) =>
        at === 3 ? 'none' : { product_id: at, quantity: {}, price_per_unit: long },
      ),
    });
    for (const order of [
      strange,
      null,
      'order',
      [],
      7,
      anOrder({ items: 7 }),
      anOrder({ items: undefined }),
    ]) {
      await reviewer.reviewGroups([aGroup(1, { observed: long }, order as Record<string, unknown>)]);
      await reviewer.reviewOrders([{ ref: 'm', order }]);
    }
    expect(server.asked.length).toBeGreaterThan(5);
    for (const { raw } of server.asked) expect(raw.length).toBeLessThan(20_000);
    expect(everything()).toContain('820982911946154508');
    expect(everything()).not.toMatch(/\p{Cf}|\p{Cc}(?<!\n)|x{100}/u);
  });

  it('shows the line that a finding is about, however long the order', async () => {
    const { reviewer } = reviewing(redis, server.baseUrl);
    const items = Array.from({ length: 30 }, (_, at) => ({
      product_id: `Q${at}`,
      quantity: 1,
      price_per_unit: 1,
    }));
    await reviewer.reviewGroups([aGroup(1, { path: 'items[25].price_per_unit' }, anOrder({ items }))]);
    const [order] = server.asked[0]?.entries.find(({ about }) => about === 'P1')?.orders ?? [];
    expect(order.items.map(({ at }: { at: number }) => at)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 25,
    ]);
    expect(order.may_change).toEqual(['items[25].price_per_unit', 'items[25].quantity', 'order_value']);
  });
});

it.each([
  ['789 Oak St, Capital City', 'Capital City'],
  ['456 Elm St, Shelbyville, India', 'Shelbyville, India'],
  ['12 Evergreen Terrace, Springfield, IL 62701, USA', 'Springfield, IL, USA'],
  ['Jane Doe, 5 Rue de Rivoli, 75001 Paris, France', 'Paris, France'],
  ['Hauptstraße 7, 10115 Berlin', 'Berlin'],
  ['Jane Doe\n5 Main Road\nLondon\nUnited Kingdom', 'London, United Kingdom'],
  ['Jane Doe, Springfield', 'Springfield'],
  ['c/o Jane Doe, Oslo, Norway', 'Oslo, Norway'],
  ['Apt 4B, 12 Long Lane, Leeds', 'Leeds'],
  ['12 Long Lane, Apt 4B', ''],
  ['Egypt pyramids', ''],
  ['Jane Doe', ''],
  ['', ''],
])('of the address %j only %j leaves', (address, place) => {
  expect(placeOf(address)).toBe(place);
});
