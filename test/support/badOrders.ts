import { gzipSync } from 'node:zlib';
import { anOrder } from './orders.ts';

/** Somewhere in most of the bodies, and to be found nowhere else: not in a log line, not in a reason. */
export const ADDRESS = '12 Secret Lane, Nowhere';

const MEBIBYTE = 1_048_576;

let made = 0;
/** An order with an id of its own, so that nothing here is anybody's duplicate. */
function order(changes: Record<string, unknown> = {}): Record<string, unknown> {
  made += 1;
  return anOrder({ order_id: `BAD${made}`, user_id: 'BAD', shipping_address: ADDRESS, ...changes });
}

const json = (changes: Record<string, unknown>): string => JSON.stringify(order(changes));

const one = (price: unknown, quantity: unknown = 1) => [
  { product_id: 'P1', quantity, price_per_unit: price },
];

const many = (count: number) =>
  Array.from({ length: count }, () => ({ product_id: 'P1', quantity: 1, price_per_unit: 1 }));

const nested = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

/** Text of an order with one value as JSON.stringify would never write it. */
function written(field: string, literal: string, changes: Record<string, unknown> = {}): string {
  return json({ ...changes, [field]: '@@' }).replace('"@@"', () => literal);
}

/** Text of an order with something under `__proto__`, which JSON.parse makes an ordinary property. */
function beside(proto: Record<string, unknown>, changes: Record<string, unknown>): string {
  return json(changes).replace('{', () => `{"__proto__":${JSON.stringify(proto)},`);
}

/** Message bodies that must be refused, and the reason that must come first. */
export const REFUSED: [what: string, body: string, reason: string][] = [
  ['JSON cut off', `{"order_id": "X", "shipping_address": "${ADDRESS}"`, 'invalid_json'],
  ['prose', `Please ship to ${ADDRESS} soon`, 'invalid_json'],
  ['XML', `<order><address>${ADDRESS}</address></order>`, 'invalid_json'],
  ['single quotes', `{'shipping_address': '${ADDRESS}'}`, 'invalid_json'],
  ['nothing but a byte-order mark', '\uFEFF', 'invalid_json'],
  ['white space', ' \n', 'invalid_json'],
  ['a comma too many', json({}).replace(/\}$/, ',}'), 'invalid_json'],
  ['comments', json({}).replace('{', '{/* x */'), 'invalid_json'],
  ['an order a line', `${json({})}\n${json({})}`, 'invalid_json'],
  ['UTF-16', Buffer.from(json({}), 'utf16le').toString('latin1'), 'invalid_json'],
  ['a lone surrogate', '\ud800', 'invalid_json'],
  ['gzip in base64', gzipSync(json({})).toString('base64'), 'invalid_json'],
  ['two JSON values', '{}{}', 'invalid_json'],
  ['NaN as a number', written('order_value', 'NaN'), 'invalid_json'],
  ['depth 50,000 without an end', '['.repeat(50_000), 'invalid_json'],

  ['a JSON string', JSON.stringify(ADDRESS), 'not_an_object'],
  ['an order inside two JSON strings', JSON.stringify(JSON.stringify(json({}))), 'not_an_object'],
  ['null', 'null', 'not_an_object'],
  ['true', 'true', 'not_an_object'],
  ['a number', '42', 'not_an_object'],
  ['the number 1e400', '1e400', 'not_an_object'],
  ['an array', '[]', 'not_an_object'],
  ['an array of orders', JSON.stringify([order(), order()]), 'not_an_object'],
  ['depth 1,000', nested(1_000), 'not_an_object'],
  ['depth 50,000', nested(50_000), 'not_an_object'],

  ['an empty object', '{}', 'missing_field'],
  ['an order under __proto__', `{"__proto__":${json({})}}`, 'missing_field'],
  ['an order under constructor', JSON.stringify({ constructor: { prototype: order() } }), 'missing_field'],
  ['a user under __proto__', beside({ user_id: 'X' }, { user_id: undefined }), 'missing_field'],
  ['a price under __proto__', written('items', '[{"__proto__":{"price_per_unit":1}}]'), 'missing_field'],
  ['a blank user', json({ user_id: ' \t ' }), 'missing_field'],
  ['null for a value', json({ order_value: null }), 'missing_field'],

  ['a NUL in the user', json({ user_id: 'U\u00001' }), 'out_of_range'],
  ['a NUL in the order id', json({ order_id: 'O\u00001' }), 'out_of_range'],
  ['a high surrogate alone', written('user_id', '"U\\ud8001"'), 'out_of_range'],
  ['a low surrogate alone', written('order_id', '"O\\udc001"'), 'out_of_range'],
  ['1e308', json({ order_value: 1e308, items: one(1e308) }), 'out_of_range'],
  ['1e400', written('order_value', '1e400'), 'out_of_range'],
  ['-1e400', written('order_value', '-1e400'), 'out_of_range'],
  ['a value of 400 digits', written('order_value', '9'.repeat(400)), 'out_of_range'],
  [
    'a price of 1e400',
    written('items', '[{"price_per_unit":1e400,"quantity":1,"product_id":"P"}]'),
    'out_of_range',
  ],
  [
    'a quantity of 1e400',
    written('items', '[{"quantity":1e400,"price_per_unit":1,"product_id":"P"}]'),
    'out_of_range',
  ],
  [
    '2^53 + 1 cents',
    written('order_value', '90071992547409.93', { items: one('90071992547409.93') }),
    'out_of_range',
  ],
  ['a negative value', json({ order_value: -1, items: one(1) }), 'out_of_range'],
  ['half an item', json({ items: one(4_000, 0.5) }), 'out_of_range'],

  ['NaN as text', json({ order_value: 'NaN' }), 'wrong_type'],
  ['a price of NaN as text', json({ items: one('NaN') }), 'wrong_type'],
  ['a price of Infinity as text', json({ items: one('Infinity') }), 'wrong_type'],
  ['a price with a huge exponent as text', json({ items: one('1e999999') }), 'wrong_type'],
  ['a price of 200,000 digits', json({ items: one('9'.repeat(200_000)) }), 'wrong_type'],
  ['a value as text', json({ order_value: '2000' }), 'wrong_type'],
  ['a value in a list', json({ order_value: [2_000] }), 'wrong_type'],
  ['a user in a list', json({ user_id: ['U1'] }), 'wrong_type'],
  ['a user of depth 50,000', written('user_id', nested(50_000)), 'wrong_type'],
  ['items of depth 50,000', written('items', nested(50_000)), 'wrong_type'],
  ['items that only look like a list', json({ items: { length: 1 } }), 'wrong_type'],
  ['a time as a number', json({ order_timestamp: 1_734_354_000 }), 'wrong_type'],
  ['an address in a list', json({ shipping_address: [ADDRESS] }), 'wrong_type'],
  ['an address in an object', json({ shipping_address: { street: ADDRESS } }), 'wrong_type'],

  ['2024-02-30', json({ order_timestamp: '2024-02-30' }), 'bad_timestamp'],
  ['year 0000', json({ order_timestamp: '0000-12-31T23:59:59Z' }), 'bad_timestamp'],
  ['before year 0001 by its offset', json({ order_timestamp: '0001-01-01T00:00:00+00:01' }), 'bad_timestamp'],
  ['after year 9999 by its offset', json({ order_timestamp: '9999-12-31T23:59:59-00:01' }), 'bad_timestamp'],
  ['an offset of 99 hours', json({ order_timestamp: '2024-12-16T13:00:00+99:00' }), 'bad_timestamp'],
  ['a day in words', json({ order_timestamp: 'yesterday' }), 'bad_timestamp'],

  ['no items', json({ items: [] }), 'no_items'],
  ['another currency', json({ currency: 'EUR' }), 'currency_mismatch'],
  ['a total wrong by a cent', json({ order_value: 2_000.01 }), 'order_value_mismatch'],

  ['10,000 items', json({ order_value: 10_000, items: many(10_000) }), 'too_large'],
  ['a user of 129 characters', json({ user_id: 'x'.repeat(129) }), 'too_large'],
  ['a user of 100,000 characters', json({ user_id: 'x'.repeat(100_000) }), 'too_large'],
  ['an order of nearly 1 MiB', json({ note: 'x'.repeat(MEBIBYTE - 1_000) }), 'too_large'],
  ['1 MiB of text', 'x'.repeat(MEBIBYTE), 'too_large'],
  ['1 MiB of brackets', '['.repeat(MEBIBYTE), 'too_large'],
];

/** Message bodies that look odd and count: in their day, with their worth. */
export const COUNTED: [what: string, body: string, day: string, worth: number][] = [
  ['year 0001', json({ order_timestamp: '0001-01-01T00:00:00Z' }), '0001-01-01', 2_000],
  ['year 9999', json({ order_timestamp: '9999-12-31T23:59:59.999Z' }), '9999-12-31', 2_000],
  ['the next day by its offset', json({ order_timestamp: '0001-01-02T23:30:00-01:00' }), '0001-01-03', 2_000],
  ['a leap day', json({ order_timestamp: '2024-02-29T12:00:00Z' }), '2024-02-29', 2_000],
  ['-0', written('order_value', '-0', { order_timestamp: '2001-01-01', items: one(0) }), '2001-01-01', 0],
  [
    'a price of -0.0',
    written('items', '[{"product_id":"P","quantity":1,"price_per_unit":-0.0}]', {
      order_timestamp: '2001-01-02',
      order_value: 0,
    }),
    '2001-01-02',
    0,
  ],
  [
    'the largest amount',
    json({
      order_timestamp: '2001-01-03',
      order_value: 1_000_000_000,
      items: one('1000000000.00'),
    }),
    '2001-01-03',
    1_000_000_000,
  ],
  [
    'a value with an exponent',
    written('order_value', '2e3', { order_timestamp: '2001-01-04' }),
    '2001-01-04',
    2_000,
  ],
  [
    '__proto__ beside good fields',
    beside({ user_id: 'X', order_value: 1 }, { order_timestamp: '2001-01-05' }),
    '2001-01-05',
    2_000,
  ],
  [
    'an unknown field of depth 1,000',
    written('note', nested(1_000), { order_timestamp: '2001-01-06' }),
    '2001-01-06',
    2_000,
  ],
  [
    'an unknown field of depth 50,000',
    written('note', nested(50_000), { order_timestamp: '2001-01-07' }),
    '2001-01-07',
    2_000,
  ],
  [
    'an unknown field of 1e400',
    written('note', '1e400', { order_timestamp: '2001-01-08' }),
    '2001-01-08',
    2_000,
  ],
  [
    '1,000 items',
    json({ order_timestamp: '2001-01-09', order_value: 1_000, items: many(1_000) }),
    '2001-01-09',
    1_000,
  ],
  ['a byte-order mark first', `\ufeff${json({ order_timestamp: '2001-01-11' })}`, '2001-01-11', 2_000],
  [
    'an order inside a JSON string',
    JSON.stringify(json({ order_timestamp: '2001-01-12' })),
    '2001-01-12',
    2_000,
  ],
  [
    'ids of 18 digits, in ignored fields too',
    written('order_id', '820982911946154508', { order_timestamp: '2001-01-13', note: '@@' }).replace(
      '"@@"',
      '0.1234567890123456789',
    ),
    '2001-01-13',
    2_000,
  ],
  ['emoji for an order id', json({ order_timestamp: '2001-01-10', order_id: '🛒' }), '2001-01-10', 2_000],
];
