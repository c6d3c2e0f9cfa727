import { describe, expect, it } from '@jest/globals';
import type { InboxEnvelope } from '../../src/queue/envelope.ts';
import { jobOfMessage, type OrderJob } from '../../src/queue/orderJob.ts';
import { readAgain } from '../../src/queue/readAgain.ts';
import { orderOf } from '../../src/queue/readOrderJob.ts';
import { anOrder } from '../support/orders.ts';

const MESSAGE = { id: 'message-1', sentAt: '2025-03-04T05:06:07.000Z', receiveCount: 1 };
const MAX_BODY_BYTES = 2_000;
const DATA = ['data'];
const AFTER = ['payload', 'after'];

const jobOf = (body: unknown, envelope: InboxEnvelope): OrderJob => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return JSON.parse(JSON.stringify(jobOfMessage(text, MESSAGE, { envelope, maxBodyBytes: MAX_BODY_BYTES })));
};
const again = (data: unknown, envelope: InboxEnvelope) =>
  readAgain(data, { envelope, maxBodyBytes: MAX_BODY_BYTES });

describe('a job that has no order', () => {
  it.each<[string, unknown, InboxEnvelope, InboxEnvelope]>([
    ['a place where nothing is', { data: anOrder() }, AFTER, DATA],
    ['a place where something else is', { data: anOrder(), meta: { a: 1 } }, ['meta'], DATA],
    ['a place where text is', { data: anOrder(), meta: 'x' }, ['meta'], DATA],
    ['a place inside of the order', anOrder({ data: { a: 1 } }), DATA, 'auto'],
    ['no place', { data: anOrder() }, 'auto', DATA],
    ['no place, in a string', JSON.stringify({ data: anOrder() }), 'auto', DATA],
    ['no place, too long with what is beside it', { data: anOrder(), more: '-'.repeat(3_000) }, 'auto', DATA],
  ])('is read as its message would be today: it was read with %s', (_, body, before, today) => {
    const job = jobOf(body, before);
    expect(again(job, today)?.order).toMatchObject({ order_id: 'ORD1237' });
    expect(again(job, before)).toEqual(
      job.message.nothingAt === undefined && 'order' in job ? undefined : job,
    );
  });

  it('keeps every digit of a message that was kept as an order', () => {
    const job = jobOf('{"data":{"order_id":820982911946154508}}', 'auto');
    expect(again(job, DATA)?.exact).toEqual({ '/order_id': '820982911946154508' });
  });

  it('is not read again once it is edited, whatever was delivered', () => {
    const job = jobOf({ data: anOrder(), meta: { a: 1 } }, ['meta']);
    expect(again({ ...job, order: { a: 2 } }, DATA)).toBeUndefined();
    expect(again({ ...jobOf({ data: anOrder() }, AFTER), order: {} }, DATA)).toBeUndefined();
    expect(again(anOrder(), DATA)).toBeUndefined();
  });

  it.each([
    ['an order that is wrong', { order_id: 'ORD1', data: anOrder() }],
    ['no order, and nothing at the place of today', { text: 'hello' }],
    ['a number', 7],
  ])('is told what is wrong with it: %s', (_, body) => {
    expect(again(jobOf(body, 'auto'), DATA)).toBeUndefined();
  });
});

describe('an order that cannot be kept as JSON', () => {
  const long = JSON.stringify(anOrder({ note: '-'.repeat(MAX_BODY_BYTES) }));
  const sns = { Type: 'Notification', MessageId: 'm', TopicArn: 't', Message: long };

  it.each<[string, string, InboxEnvelope]>([
    ['at a place', `{"data":${long}}`, DATA],
    ['in a notification of SNS', JSON.stringify(sns), 'auto'],
  ])('keeps all that was delivered, and is refused for its own length: %s', (_, body, envelope) => {
    const job = jobOf(body, envelope);
    expect(job).not.toHaveProperty('order');
    expect(job.raw).toBe(body);
    expect(() => orderOf(job, MAX_BODY_BYTES)).toThrow(`the message has ${long.length} bytes`);
    expect(orderOf(job, 10_000)).toMatchObject(anOrder());
    expect(orderOf({ ...job, raw: JSON.stringify(anOrder()) }, MAX_BODY_BYTES)).toEqual(anOrder());
  });

  it('is still the order when it lies at a place with numbers that nobody could list', () => {
    const note = `{"${'n'.repeat(200)}":[${Array(20).fill('1e999')}]}`;
    const body = JSON.stringify({ data: anOrder({ note: 0 }) }).replace('"note":0', `"note":${note}`);
    const job = jobOf(body, DATA);
    expect(job.raw).toBe(body);
    expect(orderOf(job, 10_000)).toMatchObject(anOrder());
  });
});
