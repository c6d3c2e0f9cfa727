import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { DIGEST_BYTES, digestOf, IDENTITY_BYTES, identityOf, userHash } from '../../src/orders/identity.ts';
import { MAX_AMOUNT } from '../../src/orders/money.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { anOrder, RULES } from '../support/orders.ts';
import { parsed, parsedValue } from './parsing.ts';

const idOf = (changes: Record<string, unknown> = {}) => identityOf(parsed(changes)).toString('hex');
const digest = (changes: Record<string, unknown> = {}) => digestOf(parsed(changes)).toString('hex');

const items = (first: Record<string, unknown>) => ({
  items: [
    { product_id: 'P006', quantity: 5, price_per_unit: 200.0, ...first },
    { product_id: 'P007', quantity: 2, price_per_unit: 500.0 },
  ],
});

describe('the same order spelled differently', () => {
  it.each<[string, Record<string, unknown>]>([
    ['ids in lower case', { order_id: 'ord1237', user_id: 'u0001' }],
    ['ids with spaces around', { order_id: ' ORD1237 ', user_id: '\tU0001\n' }],
    ['quantity as text', items({ quantity: '5' })],
    ['price as text with more zeros', items({ price_per_unit: ' 200.00 ' })],
    ['order_value with cents of cents that round away', { order_value: 2000.001 }],
    ['the same instant in another zone', { order_timestamp: '2024-12-16T15:00:00+02:00' }],
    ['the same instant with milliseconds', { order_timestamp: '2024-12-16T13:00:00.000Z' }],
    [
      'the same instant in basic form, with a zone name',
      { order_timestamp: '20241216T140000+0100[Europe/Paris]' },
    ],
    [
      'a price with more zeros than a double has',
      items({ price_per_unit: new ExactNumber(`200.${'0'.repeat(30)}`) }),
    ],
    ['the value with an exponent', { order_value: new ExactNumber('2.000000000000000000000e3') }],
    ['the currency that counts anyway', { currency: 'usd' }],
    ['absent currency as null', { currency: null }],
    ['another payment method', { payment_method: 'Cash' }],
    ['no payment method', { payment_method: undefined }],
    ['another address', { shipping_address: '322 Pine St, Springfield' }],
    ['no address', { shipping_address: undefined }],
    ['an extra field', { comment: 'gift' }],
    ['an extra field in an item', items({ colour: 'red' })],
  ])('is the same to the ledger: %s', (_, changes) => {
    expect(idOf(changes)).toBe(idOf());
    expect(digest(changes)).toBe(digest());
  });

  it('is the same whatever the order of its keys', () => {
    const turned = Object.fromEntries(Object.entries(anOrder()).reverse());
    expect(digestOf(parsedValue(turned)).toString('hex')).toBe(digest());
  });

  it.each<[unknown, unknown]>([
    ['19.90', 19.9],
    [' +019.900 ', 19.9],
    [new ExactNumber('19.90000000000000000000'), 19.9],
    [0.0000001, '0.0000001'],
    [1e-7, '0.00000010'],
    ['1000000000.0', 1e9],
  ])('is the same for a price of %j and of %j', (one, other) => {
    const priced = (price_per_unit: unknown) => {
      const order_value = Number(((Number(other) * 5 + 1e-9) * 100).toFixed(0)) / 100;
      return digestOf(
        parsed(
          { order_value, items: [{ product_id: 'P', quantity: 5, price_per_unit }] },
          { maxOrderValue: MAX_AMOUNT },
        ),
      );
    };
    expect(priced(one)).toEqual(priced(other));
  });

  it('is the same user and order, however its accents are composed and whatever nobody sees stands around it', () => {
    const one = { user_id: 'Jos\u00e9', order_id: 'D8' };
    const other = { user_id: '\u200bjose\u0301', order_id: 'D8\u200b\ufeff' };
    expect(idOf(one)).toBe(idOf(other));
    expect(digest(one)).toBe(digest(other));
    expect(userHash(parsed(one).userId)).toBe(userHash(parsed(other).userId));
  });

  it('is the same with a line of quantity 0 and without, where such are dropped', () => {
    const lines = [...items({}).items, { product_id: 'P9', quantity: 0, price_per_unit: 7 }];
    const rules = { accepts: ['zero_quantity' as const] };
    expect(digestOf(parsed({ items: lines }, rules)).toString('hex')).toBe(digest());
  });

  it.each<[unknown, unknown]>([
    ['1.50', 1.5],
    ['0.300', 0.3],
    ['2.000', 2],
  ])('is the same for a quantity of %j and of %j, where fractions are accepted', (one, other) => {
    const bought = (quantity: unknown) => {
      const order_value = Number(other) * 10;
      const rules = { accepts: ['fractional_quantity' as const] };
      const order = { order_value, items: [{ product_id: 'P', quantity, price_per_unit: 10 }] };
      return digestOf(parsed(order, rules));
    };
    expect(bought(one)).toEqual(bought(other));
  });

  it('is the same when it is sent again later without a timestamp', () => {
    const parse = makeParseOrder(RULES);
    const undated = anOrder({ order_timestamp: undefined });
    const early = parse(undated, '2025-01-01T00:00:00.000Z');
    const late = parse(undated, '2025-01-02T00:00:00.000Z');
    expect(early.day).not.toBe(late.day);
    expect(digestOf(early)).toEqual(digestOf(late));
    expect(identityOf(early)).toEqual(identityOf(late));
  });
});

describe('an order with a changed field', () => {
  it.each<[string, Record<string, unknown>]>([
    ['the total and a price', { order_value: 2100, ...items({ price_per_unit: 220 }) }],
    ['a product', items({ product_id: 'P008' })],
    ['the case of a product', items({ product_id: 'p006' })],
    ['quantity and price at the same total', items({ quantity: 10, price_per_unit: 100 })],
    ['the order of its items', { items: [...items({}).items].reverse() }],
    ['an item split in two', { items: [...items({ quantity: 4 }).items, items({ quantity: 1 }).items[0]] }],
    ['the timestamp', { order_timestamp: '2024-12-16T13:00:01Z' }],
    ['no timestamp', { order_timestamp: undefined }],
    [
      'a price by a digit no double has',
      items({ price_per_unit: new ExactNumber('200.00000000000000000001') }),
    ],
  ])('keeps its identity and has another digest: %s', (_, changes) => {
    expect(idOf(changes)).toBe(idOf());
    expect(digest(changes)).not.toBe(digest());
  });
});

describe('identity', () => {
  it('differs for another user with the same order id, and another order of the same user', () => {
    expect(new Set([idOf(), idOf({ user_id: 'U0002' }), idOf({ order_id: 'ORD1238' })]).size).toBe(3);
  });

  it('keeps user and order id apart: moving characters from one to the other is another order', () => {
    expect(idOf({ user_id: 'A', order_id: 'BC' })).not.toBe(idOf({ user_id: 'AB', order_id: 'C' }));
  });

  it('starts with the hash of the user, so that a partition can be split', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Z0-9]{1,20}$/),
        fc.stringMatching(/^[A-Z0-9]{1,20}$/),
        (user, order) => {
          const identity = identityOf(parsed({ user_id: user, order_id: order }));
          expect(identity).toHaveLength(IDENTITY_BYTES);
          expect(identity.readUInt16BE(0)).toBe(userHash(user));
        },
      ),
    );
  });

  it('never changes between versions: ledgers outlive them', () => {
    expect(idOf()).toBe('acdadafa6de3c526');
    expect(digest()).toBe('00030d40dbfa8e22');
  });
});

describe('digest', () => {
  it.each([
    { cents: 0, recorded: 0 },
    { cents: 200_000, recorded: 200_000 },
    { cents: 4_294_967_294, recorded: 4_294_967_294 },
    { cents: 4_294_967_295, recorded: 0xffff_ffff },
    { cents: 999_999_999_999_999, recorded: 0xffff_ffff },
  ])('starts with the value of $cents cents, or says that it is larger', ({ cents, recorded }) => {
    const bytes = digestOf({ ...parsed(), minorUnits: cents });
    expect(bytes).toHaveLength(DIGEST_BYTES);
    expect(bytes.readUInt32BE(0)).toBe(recorded);
  });

  it('tells apart two values that are both too large to be named', () => {
    const large = (minorUnits: number) => digestOf({ ...parsed(), minorUnits }).toString('hex');
    expect(large(5_000_000_000)).not.toBe(large(5_000_000_001));
  });
});
