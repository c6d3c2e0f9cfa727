import { describe, expect, it } from '@jest/globals';
import { unwrap } from '../../src/bridge/envelope.ts';
import { anOrder } from '../support/orders.ts';
import { until } from '../support/until.ts';
import { inRig } from './rig.ts';

const order = JSON.stringify(anOrder());
const TOPIC = 'arn:aws:sns:us-east-1:123456789012:orders';
const sns = { Type: 'Notification', MessageId: 'sns-1', TopicArn: TOPIC, Message: order };
const event = {
  version: '0',
  id: 'event-1',
  source: 'shop',
  'detail-type': 'OrderPlaced',
  detail: anOrder(),
};
const fromSns = { from: 'sns', id: 'sns-1', source: TOPIC };
const fromEventBridge = { from: 'eventbridge', id: 'event-1', source: 'shop' };

describe('an envelope', () => {
  it.each([
    ['of SNS', sns, [fromSns]],
    ['of EventBridge', event, [fromEventBridge]],
    [
      'of EventBridge inside one of SNS',
      { ...sns, Message: JSON.stringify(event) },
      [fromSns, fromEventBridge],
    ],
  ])('%s is taken off, and its id kept', (_, body, envelopes) => {
    expect(unwrap(JSON.stringify(body))).toEqual({ body: order, envelopes });
  });

  it('is taken off three times, no more', () => {
    const wrap = (body: string) => JSON.stringify({ ...sns, Message: body });
    const four = wrap(wrap(wrap(wrap(order))));
    expect(unwrap(four)).toEqual({ body: wrap(order), envelopes: [fromSns, fromSns, fromSns] });
  });
});

const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

describe('a body that only looks like an envelope stays as it is', () => {
  it.each([
    ['an order', order],
    ['a text that quotes "TopicArn"', 'see "TopicArn" and "detail-type"'],
    ['broken JSON', JSON.stringify(sns).slice(0, -1)],
    ['a JSON null', 'null "TopicArn"'],
    ['an order that names a topic', JSON.stringify(anOrder({ TopicArn: TOPIC }))],
    ['a notification without an id', JSON.stringify({ ...sns, MessageId: undefined })],
    ['a notification whose message is no text', JSON.stringify({ ...sns, Message: anOrder() })],
    ['a confirmation of a subscription', JSON.stringify({ ...sns, Type: 'SubscriptionConfirmation' })],
    ['an event without an id', JSON.stringify({ ...event, id: undefined })],
    ['an event without a source', JSON.stringify({ ...event, source: 7 })],
    ['an event without detail', JSON.stringify({ ...event, detail: undefined })],
    ['an event whose detail is null', JSON.stringify({ ...event, detail: null })],
    [
      'an event nested too deep to be written again',
      JSON.stringify({ ...event, detail: 0 }).replace('0}', `${deep}}`),
    ],
    ['an event with a number too large to be written again', JSON.stringify(event).replace('2000', '1e999')],
  ])('%s', (_, body) => {
    expect(unwrap(body)).toEqual({ body, envelopes: [] });
  });
});

describe('the inbox', () => {
  const bodies = [sns, event, { ...sns, Message: JSON.stringify(event) }].map((body) => JSON.stringify(body));

  it(
    'takes envelopes off by default, and shows operators their ids on the job',
    inRig(async (rig) => {
      await rig.start({}, 'bridge');
      const ids = await rig.send(...bodies, order);
      await until(async () => (await rig.jobs()) === 4, 'every message has its job');
      const jobs = await Promise.all(ids.map((id) => rig.queue.getJob(id)));
      expect(jobs.map((job) => job?.data.order)).toEqual(Array(4).fill(anOrder()));
      expect(jobs.map((job) => job?.data.message.envelopes)).toEqual([
        [fromSns],
        [fromEventBridge],
        [fromSns, fromEventBridge],
        undefined,
      ]);
    }),
  );

  it(
    'has a job for what cannot be taken out of its envelope, and goes on with the next order',
    inRig(async (rig) => {
      await rig.start({}, 'bridge');
      const body = JSON.stringify({ ...event, detail: 0 }).replace('0}', `${deep}}`);
      const [id = ''] = await rig.send(body);
      await rig.send(order);
      await until(async () => (await rig.jobs()) === 2, 'every message has its job');
      expect((await rig.queue.getJob(id))?.data.raw).toBe(body);
      await rig.atRest();
    }),
  );

  it(
    'leaves them on with INBOX_ENVELOPE=none',
    inRig(async (rig) => {
      await rig.start({ INBOX_ENVELOPE: 'none' }, 'bridge');
      const [id = ''] = await rig.send(JSON.stringify(sns));
      await until(async () => (await rig.jobs()) === 1, 'the message has its job');
      const job = await rig.queue.getJob(id);
      expect(job?.data.order).toEqual(sns);
      expect(job?.data.message.envelopes).toBeUndefined();
    }),
  );
});
