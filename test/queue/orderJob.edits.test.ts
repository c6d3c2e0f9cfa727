import { describe, expect, it } from '@jest/globals';
import { toOrderJob } from '../../src/queue/orderJob.ts';
import * as reading from '../../src/queue/readOrderJob.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../../src/runtime/limits.ts';
import { anOrder } from '../support/orders.ts';

const MESSAGE = { id: 'message-1', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };
const { receivedAt, userIdOf } = reading;
const orderOf = (data: unknown) => reading.orderOf(data, DEFAULT_MAX_BODY_BYTES);
const ADDED_AT = Date.UTC(2025, 2, 5, 6, 7, 8);

describe('data that an operator has edited', () => {
  it('is the order itself when it was pasted without our wrapper', () => {
    expect(orderOf(anOrder())).toEqual(anOrder());
  });

  it('is the order that was put beside the text that could not be read', () => {
    expect(orderOf({ raw: '{broken', order: anOrder(), message: MESSAGE })).toEqual(anOrder());
  });

  it('is the text, once its JSON was mended', () => {
    expect(orderOf({ raw: JSON.stringify(anOrder()), message: MESSAGE })).toEqual(anOrder());
  });

  it.each([[null], ['text'], [7], [[anOrder()]], [{}]])('is judged as it is: %j', (data) => {
    expect(orderOf(data)).toEqual(data);
  });

  it('is judged as null when the order was emptied, not as its wrapper', () => {
    expect(orderOf({ order: null, message: MESSAGE })).toBeNull();
  });
});

describe('the time an order was received', () => {
  it('is when SQS took the message', () => {
    expect(receivedAt({ message: MESSAGE }, ADDED_AT)).toBe('2025-03-04T05:06:07.000Z');
  });

  it.each([
    ['no wrapper', anOrder()],
    ['no message', { order: anOrder() }],
    ['null for a message', { order: anOrder(), message: null }],
    ['a message without a time', { order: anOrder(), message: { id: 'message-1' } }],
    ['a time that is no text', { message: { sentAt: 1_741_064_767_000 } }],
    ['a time that is none', { message: { sentAt: 'yesterday' } }],
    ['a day that does not exist', { message: { sentAt: '2025-02-30T00:00:00.000Z' } }],
    // Date.parse takes these for years 12345 and -1, whose days no range could name.
    ['a year past 9999', { message: { sentAt: '12345' } }],
    ['a year before 0001', { message: { sentAt: '-000001-01-01T00:00:00.000Z' } }],
    ['text', 'pasted'],
    ['nothing', null],
  ])('is when the job was added if an edit left %s', (_, data) => {
    expect(receivedAt(data, ADDED_AT)).toBe('2025-03-05T06:07:08.000Z');
  });

  it('is in UTC, wherever this runs, when an edit left no offset', () => {
    expect(receivedAt({ message: { sentAt: '2025-03-04 05:06' } }, ADDED_AT)).toBe(
      '2025-03-04T05:06:00.000Z',
    );
  });
});

describe('the user a body names', () => {
  const userOf = (body: string, idCase: 'upper' | 'preserve' = 'upper') =>
    userIdOf(toOrderJob(body, MESSAGE, DEFAULT_MAX_BODY_BYTES), idCase);

  it.each([
    ['spelled as it is counted', { user_id: ' u0001 ' }, 'U0001'],
    ['from a whole number', { user_id: 42 }, '42'],
    ['one that reads like an exponent', { user_id: 'use482' }, 'USE482'],
  ])('is %s', (_, order, user) => {
    expect(userOf(JSON.stringify(order))).toBe(user);
  });

  it('keeps its case when told to', () => {
    expect(userOf('{"user_id":" aB "}', 'preserve')).toBe('aB');
  });

  it.each([
    ['is not JSON', '{"user_id":"U1"'],
    ['is no object', '["U1"]'],
    ['is null', 'null'],
    ['has none', '{}'],
    ['has a fraction', '{"user_id":1.5}'],
    ['has an object', '{"user_id":{}}'],
    ['has it in a prototype', '{"__proto__":{"user_id":"U1"}}'],
  ])('is nobody when the body %s', (_, body) => {
    expect(userOf(body)).toBeUndefined();
  });
});
