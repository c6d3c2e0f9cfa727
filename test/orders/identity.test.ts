import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DIGEST_BYTES, digestOf, IDENTITY_BYTES, identityOf, userHash } from '../../src/orders/identity.ts';
import { makeParseOrder } from '../../src/orders/parseOrder.ts';
import { anOrder } from '../support/orders.ts';
import { parsed, parsedValue, RULES } from './parsing.ts';

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
    ['payment method in upper case', { payment_method: 'CREDITCARD' }],
    ['an address with spaces around', { shipping_address: ' 321 Pine St, Springfield ' }],
    ['absent currency as null', { currency: null }],
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

  it('is the same for a price of 19.9 and of 19.90', () => {
    const priced = (price_per_unit: unknown) => digest({ order_value: 1099.5, ...items({ price_per_unit }) });
    expect(priced('19.90')).toBe(priced(19.9));
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
    ['a currency', { currency: 'USD' }],
    ['the payment method', { payment_method: 'Cash' }],
    ['no payment method', { payment_method: undefined }],
    ['the address', { shipping_address: '322 Pine St, Springfield' }],
    ['no address', { shipping_address: undefined }],
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
    expect(digest()).toBe('00030d40617bed2a');
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
