import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_BODY_BYTES, type OrderJob, orderOf, toOrderJob } from '../../src/queue/orderJob.ts';
import { anOrder } from '../support/orders.ts';

const MESSAGE = { id: 'message-1', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };

/** What the worker finds: BullMQ keeps data as JSON text. */
const stored = (body: string): OrderJob => JSON.parse(JSON.stringify(toOrderJob(body, MESSAGE)));

/** -0 is written as 0 in JSON; nothing else may differ. */
const canonical = (value: unknown): string => JSON.stringify(value);

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const nestedInOrder = (depth: number) => JSON.stringify(anOrder()).replace('{', `{"note":${nested(depth)},`);

describe('a body that is JSON', () => {
  it('comes back as it was sent, whatever it holds', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, stringUnit: 'binary' }), (body) => {
        expect(canonical(orderOf(stored(body)))).toBe(canonical(JSON.parse(body)));
        expect(stored(body).message).toEqual(MESSAGE);
      }),
    );
  });

  it.each([
    ['null', 'null'],
    ['a string', '"ORD1"'],
    ['an array', '[1,2]'],
    ['a number', '42'],
    ['a boolean', 'false'],
    ['an empty object', '{}'],
    ['an object with our own words for keys', '{"order":{"raw":"x"},"raw":"y","message":{"id":"z"}}'],
    ['an object that holds only `raw`', '{"raw":"{}"}'],
    ['an object that holds only `message`', '{"message":{"sentAt":"2001-01-01"}}'],
    ['prototype keys', '{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}}}'],
    ['NUL and a lone surrogate', '{"user_id":"a\\u0000\\ud800"}'],
    ['the largest double', '{"order_value":1.7976931348623157e308}'],
    ['an id that reads like an exponent', '{"order_id":"9b1de482-0e77-4e11-9000-2e4567890123"}'],
    ['an id of very many digits', `{"note":"${'9'.repeat(400)}"}`],
    ['surrounding white space', ' \n\t{"a":1}\r\n'],
  ])('is kept as its value: %s', (_, body) => {
    expect(stored(body)).not.toHaveProperty('raw');
    expect(canonical(orderOf(stored(body)))).toBe(canonical(JSON.parse(body)));
  });

  it('of 1,000 levels is kept as its value', () => {
    expect(stored(nestedInOrder(1_000))).not.toHaveProperty('raw');
    expect(orderOf(stored(nestedInOrder(1_000)))).toMatchObject(anOrder());
  });

  it('of 100,000 levels is kept as text, and is still the order that was sent', () => {
    expect(stored(nestedInOrder(100_000)).raw === nestedInOrder(100_000)).toBe(true);
    expect(orderOf(stored(nestedInOrder(100_000)))).toMatchObject(anOrder());
  });

  it.each([
    ['1e400', '1e400'],
    ['-1e400', '-1e400'],
    ['1E+999', '1E+999'],
    ['400 digits', '9'.repeat(400)],
    ['a long number with a short exponent', `1${'0'.repeat(250)}e99`],
    ['a long fraction with a short exponent', `1${'0'.repeat(220)}.5E+95`],
  ])('with a number that would be stored as null is kept as text: %s', (_, number) => {
    const body = JSON.stringify(anOrder({ order_value: 0 })).replace(
      '"order_value":0',
      `"order_value":${number}`,
    );
    expect(stored(body).raw).toBe(body);
    expect(orderOf(stored(body))).toMatchObject({
      order_value: number.startsWith('-') ? -Infinity : Infinity,
    });
  });

  it('keeps every number that text can hold finite, and the text of every other', () => {
    const digits = fc.integer({ min: 1, max: 310 });
    const exponent = fc.integer({ min: -400, max: 400 });
    fc.assert(
      fc.property(digits, exponent, (length, power) => {
        const body = `[1${'0'.repeat(length - 1)}e${power}]`;
        expect(orderOf(stored(body))).toEqual(JSON.parse(body));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a body that is not JSON', () => {
  const refusalOf = (body: string) => {
    try {
      orderOf(stored(body));
    } catch (error) {
      return error as Error & { issues: { code: string }[] };
    }
    throw new Error('taken, a refusal was expected');
  };

  it('is kept to the letter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (body) => {
        const job = stored(body);
        expect('raw' in job ? job.raw : canonical(job.order)).toBe(
          'raw' in job ? body : canonical(JSON.parse(body)),
        );
      }),
    );
  });

  it('may hold halves of characters, and keeps them', () => {
    expect(stored('a\ud800b\u0000').raw).toBe('a\ud800b\u0000');
  });

  it.each([
    ['empty', ''],
    ['blank', ' \n'],
    ['a word', 'hello'],
    ['cut off', '{"order_id":"ORD1","user'],
    ['two values', '{}{}'],
    ['single quotes', "{'a':1}"],
    ['NaN', '{"order_value":NaN}'],
    ['a byte order mark', '\ufeff{}'],
    ['a form', 'Action=SendMessage&MessageBody=%7B%7D'],
  ])('is refused as invalid_json: %s', (_, body) => {
    expect(refusalOf(body).issues).toMatchObject([{ code: 'invalid_json', path: '' }]);
    expect(refusalOf(body).message).toMatch(/^invalid_json: the message is not JSON( \(at position \d+\))?$/);
  });

  it('is refused without a word of it: it may hold an address', () => {
    const secret = fc.stringMatching(/^[G-Z]{4}[0-9]{6}$/);
    const broken = fc.constantFrom(
      (text: string) => text,
      (text: string) => `{"a":"${text}`,
      (text: string) => `{"a":1} ${text}`,
      (text: string) => `{"a":"b",${text}}`,
      (text: string) => `position ${text.slice(4)}`,
      (text: string) => `"in JSON at position ${text.slice(4)}`,
      (text: string) => `{"a": at position ${text.slice(4)}`,
    );
    fc.assert(
      fc.property(secret, broken, (text, breakJson) => {
        const { message, stack } = refusalOf(breakJson(text));
        expect(`${message}${stack}`).not.toContain(text.slice(4));
        expect(`${message}${stack}`).not.toContain(text.slice(0, 4));
      }),
    );
  });
});

describe('a body of many bytes', () => {
  const sized = (bytes: number, character = 'x') =>
    `"${character.repeat(Math.ceil((bytes - 2) / Buffer.byteLength(character)))}"`;

  it('is kept as its value up to the limit', () => {
    expect(orderOf(stored(sized(MAX_BODY_BYTES)))).toBe(JSON.parse(sized(MAX_BODY_BYTES)));
  });

  it.each([
    ['one byte more', sized(MAX_BODY_BYTES + 1)],
    ['1 MiB', sized(1024 * 1024)],
    ['1 MiB that is not JSON', 'x'.repeat(1024 * 1024)],
    ['few characters of many bytes', sized(MAX_BODY_BYTES + 1, '€')],
  ])('is kept as text past it and refused, naming both sizes: %s', (_, body) => {
    expect(stored(body).raw === body).toBe(true);
    expect(() => orderOf(stored(body))).toThrow(
      `too_large: the message has ${Buffer.byteLength(body)} bytes, at most ${MAX_BODY_BYTES} are taken`,
    );
  });
});
