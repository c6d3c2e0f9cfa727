import { describe, expect, it } from '@jest/globals';
import { takeFrom, unwrap } from '../../src/queue/envelope.ts';
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
const twice = (value: unknown) => JSON.stringify(JSON.stringify(value));
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
    ['of EventBridge with its detail as text', { ...event, detail: order }, [fromEventBridge]],
    ['of SNS in a string', JSON.stringify(sns), [fromSns]],
    ['of EventBridge in a string', JSON.stringify(event), [fromEventBridge]],
    [
      'of EventBridge in a string inside one of SNS',
      { ...sns, Message: twice(event) },
      [fromSns, fromEventBridge],
    ],
  ])('%s is taken off, and its id kept', (_, body, envelopes) => {
    expect(unwrap(JSON.stringify(body))).toEqual({ body: order, envelopes });
  });

  it('keeps every digit of what is in it', () => {
    const inner = '{"order_id":820982911946154508,"__proto__":{"a":1e999},"b":[0.10,1e2]}';
    const outer = `\ufeff${JSON.stringify({ ...event, detail: 0 }).replace('0}', `${inner}}`)}`;
    expect(unwrap(outer).body).toBe(inner.replace('0.10', '0.1').replace('1e2', '100'));
    expect(unwrap(JSON.stringify({ ...sns, Message: inner })).body).toBe(inner);
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
    ['an event whose detail is a word', JSON.stringify({ ...event, detail: 'placed' })],
    ['an event whose detail is null', JSON.stringify({ ...event, detail: null })],
    [
      'an event nested too deep to be written again',
      JSON.stringify({ ...event, detail: 0 }).replace('0}', `${deep}}`),
    ],
  ])('%s', (_, body) => {
    expect(unwrap(body)).toEqual({ body, envelopes: [] });
  });
});

describe('a place in the message', () => {
  const change = { schema: {}, payload: { before: null, after: anOrder(), op: 'c' } };
  const cloudEvent = { specversion: '1.0', id: 'e', source: 's', type: 't', data: anOrder() };

  it.each([
    ['the data of a CloudEvent', cloudEvent, ['data'], []],
    ['a row of Debezium', change, ['payload', 'after'], []],
    ['in a notification of SNS', { ...sns, Message: JSON.stringify(cloudEvent) }, ['data'], [fromSns]],
    ['in an event of EventBridge', { ...event, detail: change }, ['payload', 'after'], [fromEventBridge]],
    ['the detail of an event, named by its own name', event, ['detail'], []],
  ])('is where the order is taken from: %s', (_, body, place, envelopes) => {
    expect(takeFrom(JSON.stringify(body), place)).toEqual({ body: order, envelopes });
  });

  it.each([
    ['the message', JSON.stringify(JSON.stringify(cloudEvent)), ['data'], []],
    ['the message behind a mark', `\ufeff${JSON.stringify(JSON.stringify(cloudEvent))}`, ['data'], []],
    [
      'a step of the way',
      JSON.stringify({ payload: JSON.stringify({ after: anOrder() }) }),
      ['payload', 'after'],
      [],
    ],
    ['a notification', JSON.stringify(JSON.stringify({ ...sns, Message: order })), ['data'], undefined],
    [
      'a notification around it',
      JSON.stringify(JSON.stringify({ ...sns, Message: JSON.stringify(cloudEvent) })),
      ['data'],
      [fromSns],
    ],
  ])('may lie in text, one layer each: %s', (_, body, place, envelopes) => {
    expect(takeFrom(body, place)).toEqual(envelopes && { body: order, envelopes });
  });

  it('keeps every digit in text on the way', () => {
    const body = JSON.stringify({ payload: '{"after":{"order_id":820982911946154508}}' });
    expect(takeFrom(body, ['payload', 'after'])?.body).toBe('{"order_id":820982911946154508}');
  });

  it('may hold text, and keeps every digit', () => {
    expect(takeFrom(JSON.stringify({ data: order }), ['data'])?.body).toBe(JSON.stringify(order));
    expect(takeFrom('\ufeff{"data":{"order_id":820982911946154508}}', ['data'])?.body).toBe(
      '{"order_id":820982911946154508}',
    );
    expect(takeFrom('{"data":820982911946154508}', ['data'])?.body).toBe('820982911946154508');
  });

  it.each([
    ['an order without it', order, ['data']],
    ['a deletion', JSON.stringify({ payload: { before: anOrder(), after: null } }), ['payload', 'after']],
    ['a list', JSON.stringify([{ data: anOrder() }]), ['0', 'data']],
    ['a list on the way', JSON.stringify({ Records: [anOrder()] }), ['Records', '0']],
    ['text on the way', JSON.stringify({ payload: 'after' }), ['payload', 'after']],
    ['encoded twice on the way', JSON.stringify({ payload: twice({ after: 1 }) }), ['payload', 'after']],
    ['a body encoded three times', JSON.stringify(twice({ data: 1 })), ['data']],
    ['a number with digits on the way', '{"payload":820982911946154508}', ['payload', 'text']],
    ['what every object has', '{}', ['constructor']],
    ['no JSON', '{"data":', ['data']],
    ['nothing', '', ['data']],
    ['what cannot be written again', `{"data":${deep}}`, ['data']],
    ['what cannot be written again with its digits', `{"data":[1e400,${deep}]}`, ['data']],
  ])('is not there: %s', (_, body, place) => {
    expect(takeFrom(body, place)).toBeUndefined();
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
      expect(jobs.map((job) => job?.data.raw)).toEqual([...bodies, undefined]);
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

  it(
    'counts what is at the place that INBOX_ENVELOPE names, and keeps what was delivered beside it',
    inRig(async (rig) => {
      await rig.start({ INBOX_ENVELOPE: 'payload.after' });
      const row = order.replace('"ORD1237"', '820982911946154508');
      const bodies = [
        `{"payload":{"after":${row},"op":"c"}}`,
        JSON.stringify({ payload: { after: order } }),
        '{"payload":{"after":"no order"}}',
      ];
      const ids = await rig.send(...bodies);
      await until(async () => (await rig.queue.getJobCountByTypes('completed')) === 2, 'both count');
      await until(async () => (await rig.queue.getJobCountByTypes('failed')) === 1, 'the other is refused');
      const jobs = await Promise.all(ids.map((id) => rig.queue.getJob(id)));
      expect(jobs.map((job) => job?.data.raw)).toEqual(bodies);
      expect(jobs.map((job) => job?.data.exact)).toEqual([
        { '/order_id': '820982911946154508' },
        undefined,
        undefined,
      ]);
      expect(jobs[1]?.data.order).toEqual(anOrder());
      expect(jobs[2]?.data.order).toBe('no order');
    }),
  );

  it(
    'keeps a message whole that has nothing at that place, says so, and counts what is put beside it',
    inRig(async (rig) => {
      await rig.start({ INBOX_ENVELOPE: 'payload.after' });
      const body = JSON.stringify({ payload: { before: anOrder(), after: null, op: 'd' } });
      const [id = ''] = await rig.send(body);
      await until(async () => (await rig.queue.getJobCountByTypes('failed')) === 1, 'it is refused');
      const job = await rig.queue.getJob(id);
      expect(job?.data).toMatchObject({ raw: body, message: { nothingAt: 'payload.after' } });
      expect(job?.failedReason).toMatch(
        /^missing_field: INBOX_ENVELOPE takes the order from payload\.after, and nothing could be taken from there\. /,
      );
      await job?.updateData({ ...job.data, order: anOrder() });
      await job?.retry('failed', { resetAttemptsMade: true });
      await until(async () => (await rig.queue.getJobCountByTypes('completed')) === 1, 'it counts');
    }),
  );

  it.each([
    ['payload.after', 'data', JSON.stringify({ data: anOrder() })],
    ['payload.after', 'auto', order],
    ['data', 'payload.after', JSON.stringify({ payload: { after: order } })],
    ['auto', 'data', JSON.stringify({ specversion: '1.0', type: 't', data: anOrder() })],
    ['none', 'auto', JSON.stringify({ ...sns, Message: JSON.stringify(event) })],
    ['schema', 'payload', JSON.stringify({ schema: { type: 'struct' }, payload: anOrder() })],
    ['none', 'data', JSON.stringify(JSON.stringify({ data: anOrder() }))],
  ])(
    'was refused under INBOX_ENVELOPE=%s and counts after a restart with %s and a retry',
    async (before, after, body) =>
      inRig(async (rig) => {
        const first = await rig.start({ INBOX_ENVELOPE: before });
        const [id = ''] = await rig.send(body);
        await until(async () => (await rig.queue.getJobCountByTypes('failed')) === 1, 'it is refused');
        await first.stop();
        await rig.start({ INBOX_ENVELOPE: after });
        await (await rig.queue.getJob(id))?.retry('failed', { resetAttemptsMade: true });
        await until(async () => (await rig.queue.getJobCountByTypes('completed')) === 1, 'it counts');
      })(),
  );

  it(
    'says at a retry what holds for the INBOX_ENVELOPE of today',
    inRig(async (rig) => {
      const first = await rig.start({ INBOX_ENVELOPE: 'payload.after' });
      const [id = ''] = await rig.send(JSON.stringify({ text: 'hello' }));
      const refused = async (reason: RegExp) => {
        await until(
          async () => reason.test((await rig.queue.getJob(id))?.failedReason ?? ''),
          `it is refused with ${reason}`,
        );
      };
      await refused(/takes the order from payload\.after, and nothing/);
      await first.stop();
      const second = await rig.start({ INBOX_ENVELOPE: 'data' });
      await (await rig.queue.getJob(id))?.retry('failed', { resetAttemptsMade: true });
      await refused(/takes the order from data, and nothing/);
      await second.stop();
      await rig.start();
      await (await rig.queue.getJob(id))?.retry('failed', { resetAttemptsMade: true });
      await refused(/^missing_field: order_id/);
    }),
  );
});
