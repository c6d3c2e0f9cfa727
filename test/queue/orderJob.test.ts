import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExactNumber } from '../../src/orders/exactJson.ts';
import { type OrderJob, toOrderJob } from '../../src/queue/orderJob.ts';
import * as reading from '../../src/queue/readOrderJob.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../src/runtime/limits.ts';
import { anOrder } from '../support/orders.ts';

const MESSAGE = { id: 'message-1', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };

const MAX_BODY_BYTES = DEFAULT_MAX_BODY_BYTES;
const orderOf = (data: unknown) => reading.orderOf(data, MAX_BODY_BYTES);

/** What the worker finds: BullMQ keeps data as JSON text. */
const stored = (body: string): OrderJob =>
  JSON.parse(JSON.stringify(toOrderJob(body, MESSAGE, MAX_BODY_BYTES)));

/** -0 is written as 0 in JSON; nothing else may differ. Digits have tests of their own. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (part instanceof ExactNumber ? Number(part.text) : part));

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

  it('of a depth that is just kept as its value can be written further down the stack, as BullMQ does', () => {
    let [kept, tooDeep] = [1_000, 100_000];
    while (tooDeep - kept > 1) {
      const depth = Math.floor((kept + tooDeep) / 2);
      if (stored(nestedInOrder(depth)).raw === undefined) kept = depth;
      else tooDeep = depth;
    }
    const job = stored(nestedInOrder(kept));
    const further = (calls: number): string => (calls === 0 ? JSON.stringify(job) : further(calls - 1));
    expect(further(50)).toContain('[[[[');
  });

  it('of 100,000 levels is kept as text, and is still the order that was sent', () => {
    expect(stored(nestedInOrder(100_000)).raw === nestedInOrder(100_000)).toBe(true);
    expect(orderOf(stored(nestedInOrder(100_000)))).toMatchObject(anOrder());
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
    ['a byte order mark in the middle', '{\ufeff}'],
    ['nothing but a byte order mark', '\ufeff'],
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
      `too_large: the message has ${Buffer.byteLength(body)} bytes, at most ${MAX_BODY_BYTES} are taken (MAX_BODY_BYTES)`,
    );
  });
});
