import { describe, expect, it } from '@jest/globals';
import { fileChecks } from '../../src/cli/inspect/fileChecks.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { repeats } from '../../src/quality/declared/repeats.ts';
import { anOrder, RULES } from '../support/orders.ts';
import { anOrderOf, NOW, newReview, parse, RECEIVED_AT, rulesOf, withLines } from './judging.ts';

const judged = (changes: Record<string, unknown>) => newReview().review(anOrderOf(changes));

describe('times', () => {
  it.each([
    ['a clock that is ahead', '2026-06-20T12:04:00Z'],
    ['local time of the furthest east without its offset', '2026-06-21T02:00:00'],
    ['an old order that is sent again', '2011-03-01T10:00:00Z'],
    ['the first years of shops', '1998-01-01T00:00:00Z'],
  ])('say nothing of %s', (_, order_timestamp) => {
    expect(judged({ order_timestamp })).toEqual([]);
  });

  it.each([
    ['2026-06-22T12:00:00Z', undefined],
    ['9999-12-31T23:59:59Z', undefined],
    ['2062-06-20T11:59:00Z', '2026-06-20T11:59:00.000Z'],
    ['2027-06-20T03:00:00Z', '2026-06-20T03:00:00.000Z'],
  ])('in the future are found: %s', (order_timestamp, meant) => {
    expect(judged({ order_timestamp })).toEqual([
      expect.objectContaining({
        rule: 'time_in_future',
        path: 'order_timestamp',
        severity: 'warn',
        ...(meant === undefined ? {} : { fix: [{ path: 'order_timestamp', value: meant }] }),
      }),
    ]);
  });

  it('with day and month in each other’s place are mended where that day is today', () => {
    const { review } = newReview();
    const order = anOrderOf({ order_timestamp: '2026-12-06T10:00:00Z' });
    const [finding] = review(order, { now: Date.parse('2026-06-12T11:00:00Z') });
    expect(finding?.fix).toEqual([{ path: 'order_timestamp', value: '2026-06-12T10:00:00.000Z' }]);
  });

  it('of seconds taken for milliseconds are found, and mended to the second', () => {
    const seconds = Date.parse('2026-06-19T08:15:42Z') / 1000;
    expect(judged({ order_timestamp: new Date(seconds).toISOString() })).toEqual([
      expect.objectContaining({
        rule: 'epoch_seconds_as_milliseconds',
        fix: [{ path: 'order_timestamp', value: '2026-06-19T08:15:42.000Z' }],
      }),
    ]);
  });

  it.each(['1970-01-01T00:00:00Z', '0001-01-01', '1899-12-30T00:00:00Z', '1987-05-04T10:00:00Z'])(
    'that nobody meant are found: %s',
    (order_timestamp) => {
      expect(rulesOf(judged({ order_timestamp }))).toEqual(['time_too_old']);
    },
  );
});

describe('amounts', () => {
  it('past what any shop sells are found, barcodes by name', () => {
    const paths = judged(withLines(['P1', 200_000, 0.5], ['P2', 1, 2_500_000])).map(({ path }) => path);
    expect(paths.sort()).toEqual(['items[0].quantity', 'items[1].price_per_unit']);
    const many = parse(
      anOrder({
        order_timestamp: undefined,
        order_value: 0,
        items: [{ product_id: 'P1', quantity: 4006381333931, price_per_unit: 0 }],
      }),
      RECEIVED_AT,
    );
    expect(newReview().review(many)[0]?.observed).toBe("4006381333931, a product's barcode");
  });
});

describe('one product at two prices', () => {
  it('is found, with the line as it was sent', () => {
    const [finding, ...more] = judged(withLines(['P1', 1, 5], ['P2', 1, 5], ['P1', 2, 7]));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      rule: 'two_prices',
      path: 'items[2].price_per_unit',
      key: 'P1',
      observed: '7',
      expected: '5, as items[0].price_per_unit has it',
    });
  });

  it('counts lines as they were sent where some were dropped', () => {
    const open = makeParseOrder({ ...RULES, accepts: ['zero_quantity'] });
    const sent = withLines(['P9', 0, 5], ['P1', 1, 5], ['P1', 2, 7]);
    const order = open(anOrder({ ...sent, order_timestamp: undefined }), RECEIVED_AT);
    expect(newReview().review(order)[0]?.path).toBe('items[2].price_per_unit');
  });

  it.each<[string, [string, number, number][]]>([
    [
      'the same price twice',
      [
        ['P1', 1, 5],
        ['P1', 3, 5],
      ],
    ],
    [
      'one that is free',
      [
        ['P1', 2, 5],
        ['P1', 1, 0],
      ],
    ],
    [
      'prices divided out of a discount',
      [
        ['P1', 3, 2.49],
        ['P1', 1, 2.495],
      ],
    ],
    [
      'lines of whatever amount',
      [
        ['SHIPPING', 1, 5],
        ['SHIPPING', 1, 7],
      ],
    ],
  ])('says nothing of %s', (_, lines) => {
    expect(judged(withLines(...lines))).toEqual([]);
  });
});

describe('ways to pay', () => {
  it.each([
    'CreditCard',
    'credit card',
    'CREDIT_CARD',
    'Visa ****4242',
    'cash on delivery',
    'PayPal',
    'Überweisung',
    'Kauf auf Rechnung',
    'Carte bancaire',
    'Apple Pay',
    'SomeBrandPay',
    'M-Pesa',
    'Mobile Money',
    'MTN MoMo',
    'Buy now, pay later',
    'COD',
    'CC',
    '支付宝',
    'наличные',
    'نقد',
    'Net 30',
    'Store credit',
    'Gift card + Visa',
    'Tarjeta de crédito',
    'Klarna. Pay in 3',
    'przelewy24',
    'amazon_payments',
    '7',
    'Purchase order',
    'Google Pay',
  ])('say nothing of %s', (payment_method) => {
    expect(judged({ payment_method })).toEqual([]);
  });

  it.each([
    ['PayPall', 'PAYPAL'],
    ['Pyapal', 'PAYPAL'],
    ['CreditCrad', 'CREDITCARD'],
    ['BankTransfr', 'BANKTRANSFER'],
    ['CashOnDelivrey', 'CASHONDELIVERY'],
    ['Mastecard', 'MASTERCARD'],
  ])('nearly known are slips: %s', (payment_method, value) => {
    expect(judged({ payment_method })).toEqual([
      expect.objectContaining({ rule: 'payment_method_typo', fix: [{ path: 'payment_method', value }] }),
    ]);
  });

  it.each([
    'Bribery',
    'Dirtymoney',
    'undefined',
    'null',
    'test',
    'asdf',
    'Hello world',
    'Stolen goods',
    '???',
  ])('that are none are found: %s', (payment_method) => {
    expect(rulesOf(judged({ payment_method }))).toEqual(['payment_method_unknown']);
  });

  it('are spelled as the shop spells them', () => {
    const { count, review } = newReview();
    for (let at = 0; at < 30; at += 1)
      count(anOrderOf({ order_id: `A${at}`, user_id: `U${at}`, payment_method: 'Credit Card' }));
    expect(review(anOrderOf({ payment_method: 'Credit Crad' }))[0]?.fix).toEqual([
      { path: 'payment_method', value: 'CREDIT CARD' },
    ]);
  });

  it('that a shop takes again and again are its own', () => {
    const { count } = newReview();
    const found = Array.from({ length: 40 }, (_, at) =>
      count(anOrderOf({ order_id: `A${at}`, user_id: `U${at}`, payment_method: 'Zorbl' })),
    );
    expect(found.flat()).toHaveLength(10);
    expect(found.at(-1)).toEqual([]);
  });
});

describe('addresses', () => {
  it.each([
    '202 Pine Ln, North Haverbrook',
    '456 Elm St, Shelbyville, Canada',
    'Rose Cottage, Little Marlow',
    'Schlossallee 1',
    'Rue de la Paix Paris',
    'Calle Mayor Madrid',
    'Hauptstraße Berlin',
    'Piazza Navona Roma',
    '東京都千代田区',
    'ул. Ленина Москва',
    'شارع التحرير القاهرة',
    '서울특별시 중구',
    'PO Box Nairobi',
    'c/o Smith',
    'Long words of an address without any sign',
    'Kungsgatan Stockholm',
    'Ulica Długa Kraków',
    'Main Street\nSpringfield',
  ])('say nothing of %s', (shipping_address) => {
    expect(judged({ shipping_address })).toEqual([]);
  });

  it.each(['Great wall', 'Eiffel monument view', 'unknown', 'nowhere', 'asdf'])(
    'that are none are found: %s',
    (shipping_address) => {
      const findings = judged({ shipping_address });
      expect(rulesOf(findings)).toEqual(['address_without_place']);
      // Personal data is not in what is said of it.
      expect(JSON.stringify(findings)).not.toContain(shipping_address);
    },
  );

  it('of a shop that sends towns alone are its own', () => {
    const { count } = newReview();
    const found = Array.from({ length: 40 }, (_, at) =>
      count(anOrderOf({ order_id: `A${at}`, user_id: `U${at}`, shipping_address: 'United Kingdom' })),
    );
    expect(found.flat()).toHaveLength(10);
  });

  it('that are missing are odd where others have one, and only there', () => {
    const { count, review } = newReview();
    expect(review(anOrderOf({ shipping_address: undefined }))).toEqual([]);
    for (let at = 0; at < 30; at += 1) count(anOrderOf({ order_id: `A${at}`, user_id: `U${at}` }));
    expect(review(anOrderOf({ shipping_address: undefined }))).toEqual([
      expect.objectContaining({ rule: 'address_missing', severity: 'info', from: 30 }),
    ]);
  });
});

describe('repeats', () => {
  const at = (time: string, more: Record<string, unknown> = {}) =>
    anOrderOf({ order_timestamp: `2026-06-20T${time}Z`, ...more });

  it('of one user under a new id within ten minutes are found', () => {
    const { review } = newReview();
    expect(review(at('10:00:00'))).toEqual([]);
    expect(review(at('10:04:00', { order_id: 'B2' }))).toEqual([
      expect.objectContaining({ rule: 'same_content_new_id', observed: 'B2', path: 'order_id' }),
    ]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['eleven minutes later', { order_id: 'B2' }, '10:11:00'],
    ['of another user', { order_id: 'B2', user_id: 'U2' }, '10:00:10'],
    ['to another address', { order_id: 'B2', shipping_address: '5 Oak Rd, Town' }, '10:00:10'],
    ['of other items', { order_id: 'B2', ...withLines(['P6', 1, 5]) }, '10:00:10'],
    ['delivered again', {}, '10:00:00'],
  ])('are none %s', (_, more, time) => {
    const { review } = newReview();
    review(at('10:00:00'));
    expect(review(at(time, more))).toEqual([]);
  });

  it('under a second user are found, and worse with the same content', () => {
    const { review } = newReview();
    review(at('10:00:00'));
    expect(review(at('10:00:00', { user_id: 'U2' }))).toEqual([
      expect.objectContaining({ rule: 'order_id_of_two_users', severity: 'warn' }),
    ]);
    expect(review(at('10:30:00', { user_id: 'U3', ...withLines(['P6', 1, 5]) }))).toEqual([
      expect.objectContaining({ rule: 'order_id_of_two_users', severity: 'info' }),
    ]);
  });

  it('of ids are a shop’s way where it numbers the orders of each user', () => {
    const { review } = newReview();
    const found = Array.from({ length: 60 }, (_, each) =>
      review(at('10:00:00', { order_id: '1', user_id: `U${each}`, ...withLines(['P6', 1, each + 1]) })),
    );
    expect(found.flat().length).toBeLessThanOrEqual(10);
    expect(found.at(-1)).toEqual([]);
  });

  it('are found among the last 65,000 orders, and among those alone, however often the memory went round', () => {
    const { review } = newReview(repeats().checks);
    const one = { ...at('10:00:00'), items: [], shippingAddress: undefined };
    const found: string[] = [];
    for (let each = 0; each < 135_000; each += 1) {
      const before = each - (each % 2 === 0 ? 65_123 : 66_123);
      const content = each % 1_000 < 2 && before > 0 ? before : each;
      for (const { observed } of review({ ...one, orderId: `A${each}`, minorUnits: content }))
        found.push(observed);
    }
    expect(found).toEqual(Array.from({ length: 69 }, (_, each) => `A${66_000 + each * 1_000}`));
  });

  it('are not remembered of an order that is only tried out', () => {
    const { review } = newReview();
    review(at('10:00:00'), { trial: true });
    expect(review(at('10:00:10', { order_id: 'B2' }))).toEqual([]);
  });
});

describe('ids of a file', () => {
  function inFile(orders: Record<string, unknown>[]) {
    const { learn, reviewer } = fileChecks([]);
    const all = orders.map((order, at) => anOrderOf({ user_id: `C${100 + at}`, ...order }));
    for (const [at, order] of all.entries()) learn(at, order, { now: NOW });
    return all
      .flatMap((order) => reviewer.review(order, { now: NOW, itselfLearned: true }))
      .filter(({ rule }) => rule === 'order_id_unlike');
  }
  const ids = (count: number, of: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => ({ order_id: of(at) }));

  it('that are built unlike the others are found', () => {
    expect(inFile([...ids(9, (at) => `WEB${1000 + at}`), { order_id: '007' }])).toEqual([
      expect.objectContaining({ rule: 'order_id_unlike', path: 'order_id', observed: '007' }),
    ]);
  });

  it.each([
    ['numbers that grow by a digit', ids(40, (at) => `WEB${990 + at}`)],
    ['hashes', ids(40, (at) => Buffer.from(`x${at * 7919}`).toString('hex'))],
    ['a second channel', [...ids(40, (at) => `WEB${at}`), ...ids(3, (at) => `${at}/POS`)]],
    ['too few to tell', [...ids(5, (at) => `WEB${at}`), { order_id: '007' }]],
  ])('say nothing of %s', (_, orders) => {
    expect(inFile(orders)).toEqual([]);
  });
});
