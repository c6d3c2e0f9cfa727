import { describe, expect, it } from '@jest/globals';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { type OrderJob, toOrderJob } from '../../src/queue/orderJob.ts';
import { idsOf, orderOf, userIdOf } from '../../src/queue/readOrderJob.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../src/runtime/limits.ts';
import { anOrder } from '../support/orders.ts';

const MESSAGE = { id: 'message-1', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };

/** What the worker finds: BullMQ keeps data as JSON text. */
const stored = (body: string, most = DEFAULT_MAX_BODY_BYTES): OrderJob =>
  JSON.parse(JSON.stringify(toOrderJob(body, MESSAGE, most)));
const read = (data: unknown) => orderOf(data, DEFAULT_MAX_BODY_BYTES);

describe('a number whose digits JavaScript would lose', () => {
  it.each([
    ['an id of 18 digits', '820982911946154508'],
    ['one of 18 digits that JavaScript writes the same', '820982911946154500'],
    ['2^53', '9007199254740992'],
    ['one of 20 digits', '12345678901234567890'],
    ['a negative one', '-820982911946154508'],
    ['a fraction of 19 digits', '0.1234567890123456789'],
    ['digits on both sides of the point', '1234567890.12345678'],
    ['1e400', '1e400'],
    ['-1e400', '-1e400'],
    ['1E+999', '1E+999'],
    ['1e-400', '1e-400'],
    ['an exponent of many digits', '1e99999999999999999999'],
    ['400 digits', '9'.repeat(400)],
    ['a short exponent behind many digits', `1${'0'.repeat(250)}e99`],
    ['a large one with a short exponent', '123456789012345e2'],
  ])('is kept as its text beside the order: %s', (_, number) => {
    const data = stored(`{"note":"x","order_id":${number}}`);
    expect(data).toEqual({
      order: { note: 'x', order_id: JSON.parse(`[${JSON.stringify(Number(number))}]`)[0] },
      exact: { '/order_id': number },
      message: MESSAGE,
    });
    expect(read(data)).toEqual({ note: 'x', order_id: new ExactNumber(number) });
  });

  it.each([
    ['1.10'],
    ['1e2'],
    ['-0'],
    ['0e5'],
    ['0.1000000000000000000000'],
    ['2000.0000000000000000'],
    ['9007199254740991'],
    ['0.30000000000000004'],
    ['5e-324'],
    ['123456789012.345'],
  ])('is not one that JavaScript holds: %s', (number) => {
    const data = stored(`{"value":${number}}`);
    expect(data).not.toHaveProperty('exact');
    expect(read(data)).toEqual(JSON.parse(JSON.stringify({ value: Number(number) })));
  });

  it.each([
    ['the body itself', '820982911946154508', { '': '820982911946154508' }],
    ['in lists', '[1,[2,820982911946154508]]', { '/1/1': '820982911946154508' }],
    [
      'under names with slashes and tildes',
      '{"a/b~c":{"~1":820982911946154508}}',
      { '/a~1b~0c/~01': '820982911946154508' },
    ],
    ['under an empty name', '{"":{"":820982911946154508}}', { '//': '820982911946154508' }],
    [
      'under __proto__',
      '{"__proto__":{"constructor":820982911946154508}}',
      { '/__proto__/constructor': '820982911946154508' },
    ],
    [
      'under a name given twice',
      '{"a":820982911946154508,"a":820982911946154509}',
      { '/a': '820982911946154509' },
    ],
  ])('is found wherever it is: %s', (_, body, exact) => {
    const data = stored(body);
    expect(data.exact).toEqual(exact);
    const [text = ''] = Object.values(exact);
    expect(JSON.stringify(read(data))).toContain(JSON.stringify(new ExactNumber(text)));
    expect(JSON.stringify(data.order)).toBe(JSON.stringify(JSON.parse(body)));
  });

  it.each([
    ['a name given twice, the last one plain', '{"a":{"b":820982911946154508},"a":1}'],
    ['text of digits', '{"order_id":"820982911946154508","note":": 820982911946154508, 1e400"}'],
    [
      'a time, an address and a part of an id',
      '{"t":"2024-12-16T13:00:00.000Z","a":"1, 12e St","i":"7-9e12"}',
    ],
  ])('is none: %s', (_, body) => {
    expect(stored(body)).toEqual({ order: JSON.parse(body), message: MESSAGE });
  });

  it('leaves the stored data as it is when it is read', () => {
    const data = stored('{"items":[{"product_id":820982911946154508},{"product_id":1}]}');
    const before = structuredClone(data);
    read(data);
    expect(data).toEqual(before);
  });

  it('decides the partition under all of its digits, as the worker counts it', () => {
    const data = stored(
      JSON.stringify(anOrder({ user_id: 0 })).replace('"user_id":0', '"user_id":820982911946154508'),
    );
    expect(userIdOf(data, 'upper')).toBe('820982911946154508');
    expect(idsOf(data)).toEqual({ orderId: 'ORD1237', userId: '820982911946154508' });
  });
});

describe('a number that was edited', () => {
  const data = stored('{"order_id":820982911946154508,"items":[{"product_id":820982911946154508}]}');

  it.each([
    ['another number', { order_id: 7 }, { order_id: 7 }],
    ['text', { order_id: '820982911946154509' }, { order_id: '820982911946154509' }],
    ['nothing', {}, {}],
    ['null', { order_id: null }, { order_id: null }],
    ['a list', { order_id: [820982911946154500] }, { order_id: [820982911946154500] }],
    ['no order any more', null, null],
    ['an order that is text', 'gone', 'gone'],
  ])('stands for itself: %s', (_, order, expected) => {
    expect(read({ ...data, order })).toEqual(expected);
  });

  it('leaves the others exact', () => {
    const order = { ...(data.order as object), order_id: 'ORD1' };
    expect(read({ ...data, order })).toEqual({
      order_id: 'ORD1',
      items: [{ product_id: new ExactNumber('820982911946154508') }],
    });
  });

  it('no longer is 1e400, whose place holds null', () => {
    const huge = stored('{"order_value":1e400}');
    expect(huge.order).toEqual({ order_value: null });
    expect(read({ ...huge, order: { order_value: 20 } })).toEqual({ order_value: 20 });
  });

  it.each([
    [{ '/a': '1' }],
    [{ '/items/length': '1' }],
    [{ '/order_id': ' 820982911946154508' }],
    [{ '/order_id': '0x1' }],
    [{ '/order_id': 820982911946154500 }],
    [{ order_id: '820982911946154508' }],
    [{ '/__proto__/order_id': '820982911946154508' }],
    [[]],
    ['text'],
    [null],
  ])('by hand, beside the order, is ignored where it does not fit: %j', (exact) => {
    const order = { order_id: 820982911946154500, items: [1] };
    expect(read({ order, exact, message: MESSAGE })).toEqual(order);
  });
});

describe('digits in a body that is kept as text', () => {
  it('are all there when it is read', () => {
    const body = '{"order_id":820982911946154508}';
    expect(read({ raw: body, message: MESSAGE })).toEqual({
      order_id: new ExactNumber('820982911946154508'),
    });
  });

  it('in a list too long to name each of them stay in the text', () => {
    const body = `{"${'long'.repeat(100)}":[${'820982911946154508,'.repeat(2_000)}0]}`;
    const data = stored(body);
    expect(data).toEqual({ raw: body, message: MESSAGE });
    expect(Object.values(read(data) as object)[0]).toHaveLength(2_001);
  });

  it('below thousands of levels are kept, and nobody is worse off than without them', () => {
    const body = `{"order_id":820982911946154508,"note":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(stored(body)).toEqual({ raw: body, message: MESSAGE });
    expect(read(stored(body))).toMatchObject({ order_id: 820982911946154500 });
  });
});

describe('a body with more around the order', () => {
  const text = '{"order_id":820982911946154508}';
  const order = { order_id: new ExactNumber('820982911946154508') };

  it.each([
    ['a byte-order mark', `\ufeff${text}`],
    ['two byte-order marks', `\ufeff\ufeff${text}`],
    ['white space before a byte-order mark', `\r\n \ufeff${text}`],
    ['a JSON string', JSON.stringify(text)],
    ['a byte-order mark and a JSON string', `\ufeff ${JSON.stringify(text)}\n`],
    ['a byte-order mark inside of a JSON string', JSON.stringify(`\ufeff${text}`)],
  ])('is read, and stays as it was delivered beside the order: %s', (_, body) => {
    const data = stored(body);
    expect(data).toEqual({
      order: { order_id: 820982911946154500 },
      exact: { '/order_id': '820982911946154508' },
      raw: body,
      message: MESSAGE,
    });
    expect(read(data)).toEqual(order);
    // As the versions before kept it.
    expect(read({ raw: body, message: MESSAGE })).toEqual(order);
  });

  it('is read from a job that holds the JSON string as its order, as the versions before kept it', () => {
    expect(read({ order: text, message: MESSAGE })).toEqual(order);
  });

  it.each([
    ['two JSON strings', JSON.stringify(JSON.stringify(text))],
    ['a JSON string that holds a list', JSON.stringify(`[${text}]`)],
    ['a JSON string that holds no JSON', JSON.stringify('{"order_id"')],
  ])('stays what it is: %s', (_, body) => {
    expect(stored(body)).toEqual({ order: JSON.parse(body), message: MESSAGE });
    expect(read(stored(body))).toBe(JSON.parse(body));
  });

  it('is measured without it', () => {
    const size = text.length;
    for (const body of [text, `\ufeff${text}`, JSON.stringify(text)]) {
      expect(stored(body, size)).toHaveProperty('order');
      expect(stored(body, size - 1)).toEqual({ raw: body, message: MESSAGE });
      expect(() => orderOf({ raw: body, message: MESSAGE }, size - 1)).toThrow(
        `the message has ${size} bytes, at most ${size - 1} are taken (MAX_BODY_BYTES)`,
      );
    }
  });
});
