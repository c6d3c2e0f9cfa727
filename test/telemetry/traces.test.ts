import { type MessageAttributeValue, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ADDRESS } from '../support/badOrders.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { type OtlpReceiver, startOtlpReceiver } from './otlpReceiver.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const SENT = `00-${TRACE}-${SPAN}-01`;
const AWS_TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;
const CONSUMER = 5;
const ERROR = 2;

const order = (changes: Record<string, unknown> = {}) => anOrder({ shipping_address: ADDRESS, ...changes });
const text = (StringValue: string): MessageAttributeValue => ({ DataType: 'String', StringValue });

interface Beside {
  traceparent?: string;
  awsTraceHeader?: string;
}

async function send(pipeline: TestPipeline, body: unknown, { traceparent, awsTraceHeader }: Beside) {
  await pipeline.sqs.send(
    new SendMessageCommand({
      QueueUrl: pipeline.inboxUrl,
      MessageBody: JSON.stringify(body),
      ...(traceparent && { MessageAttributes: { traceparent: text(traceparent) } }),
      ...(awsTraceHeader && { MessageSystemAttributes: { AWSTraceHeader: text(awsTraceHeader) } }),
    }),
  );
}

describe('with an OTLP endpoint', () => {
  let receiver: OtlpReceiver;
  let pipeline: TestPipeline | undefined;

  beforeEach(async () => {
    receiver = await startOtlpReceiver();
  });
  afterEach(async () => {
    await pipeline?.stop();
    pipeline = undefined;
    await receiver.stop();
  });

  const start = async () => {
    pipeline = await startPipeline({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint });
    return pipeline;
  };
  /** A stop delivers what has ended. */
  const stop = async () => {
    await pipeline?.stop();
    pipeline = undefined;
  };

  it('an order goes on in the trace of its sender, from its message to the write', async () => {
    const running = await start();
    await send(running, order(), { traceparent: SENT });
    await running.ended(1);
    const [job] = (await running.queues[0]?.getCompleted()) ?? [];
    expect(job?.data.message).toMatchObject({ traceparent: SENT });
    await stop();

    const [enqueued, ...noMore] = receiver.named('enqueue order');
    const [processed] = receiver.named('process order');
    const [recorded] = receiver.named('record order');
    expect(noMore).toEqual([]);
    expect(enqueued).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, kind: PRODUCER });
    expect(processed).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, kind: CONSUMER });
    expect(processed?.attributes).toEqual({
      'messaging.system': 'bullmq',
      'messaging.operation.type': 'process',
      'messaging.message.id': job?.id,
      'order_pipeline.partition': expect.any(String),
      'order_pipeline.outcome': 'counted',
    });
    expect(recorded).toMatchObject({ traceId: TRACE, parentSpanId: processed?.spanId, kind: CLIENT });
    expect(recorded?.attributes).toMatchObject({ 'order_pipeline.outcome': 'counted' });
    expect(processed?.resource).toMatchObject({
      'service.name': 'order-pipeline',
      'order_pipeline.role': 'all',
    });
    expect(receiver.batches[0]).toMatchObject({
      path: '/v1/traces',
      headers: { 'content-type': 'application/json' },
    });
  });

  it("an order goes on in the trace of the AWS SDK's header", async () => {
    const running = await start();
    await send(running, order(), { awsTraceHeader: AWS_TRACE });
    await running.ended(1);
    await stop();
    expect(receiver.named('process order')).toEqual([
      expect.objectContaining({
        traceId: '5759e988bd862e3fe1be46a994272793',
        parentSpanId: '53995c3f42cd8ad8',
      }),
    ]);
  });

  it('an order of a sender who traces nothing, or says it wrongly, begins a trace', async () => {
    const running = await start();
    await send(running, order({ order_id: 'A' }), {});
    await send(running, order({ order_id: 'B' }), { traceparent: `ff-${TRACE}-${SPAN}-01` });
    await running.ended(2);
    const jobs = (await running.queues[0]?.getCompleted()) ?? [];
    for (const job of jobs) expect(job.data.message).not.toHaveProperty('traceparent');
    await stop();
    const processed = receiver.named('process order');
    expect(processed).toHaveLength(2);
    for (const { traceId, parentSpanId } of processed) {
      expect(traceId).not.toBe(TRACE);
      expect(parentSpanId).toBeUndefined();
    }
    expect(receiver.named('enqueue order')).toEqual([]);
  });

  it('a sender who keeps no trace has none kept here', async () => {
    const running = await start();
    await send(running, order(), { traceparent: `00-${TRACE}-${SPAN}-00` });
    await running.ended(1);
    await stop();
    expect(receiver.spans().filter(({ traceId }) => traceId === TRACE)).toEqual([]);
  });

  it('a refused order says why, and nothing of what was sent', async () => {
    const running = await start();
    await send(running, order({ order_value: 1 }), { traceparent: SENT });
    await running.ended(1);
    await stop();
    const [processed] = receiver.named('process order');
    expect(processed).toMatchObject({
      traceId: TRACE,
      status: { code: ERROR },
      attributes: {
        'order_pipeline.outcome': 'invalid',
        'order_pipeline.reason': 'order_value_mismatch',
      },
    });
    const sent = receiver.batches.map(({ body }) => body).join();
    for (const personal of [ADDRESS, 'U0001', 'CreditCard', 'ORD1237']) expect(sent).not.toContain(personal);
  });

  it('a request is told by its route, in the trace of its caller', async () => {
    const running = await start();
    await running.get('/users/U0001/stats', { headers: { traceparent: SENT } });
    await running.get('/v1/stats/global');
    await running.get('/nothing/U0001');
    await running.get('/health');
    await stop();
    const requests = receiver.spans().filter(({ kind }) => kind === SERVER);
    expect(requests.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'GET /users/:user_id/stats',
        {
          'http.request.method': 'GET',
          'http.route': '/users/:user_id/stats',
          'http.response.status_code': 404,
        },
      ],
      [
        'GET /stats/global',
        { 'http.request.method': 'GET', 'http.route': '/stats/global', 'http.response.status_code': 200 },
      ],
      ['GET', { 'http.request.method': 'GET', 'http.response.status_code': 404 }],
    ]);
    expect(requests[0]).toMatchObject({ traceId: TRACE, parentSpanId: SPAN });
    expect(receiver.batches.map(({ body }) => body).join()).not.toContain('U0001');
  });

  it('a receiver that never answers holds up neither the counting nor the stop', async () => {
    // Whoever waited for the exporter would wait longer than a test may take.
    process.env.OTEL_EXPORTER_OTLP_TIMEOUT = '600000';
    try {
      receiver.answer(undefined);
      const running = await start();
      const orders = Array.from({ length: 700 }, (_, index) => order({ order_id: `O${index}` }));
      await running.send(...orders);
      await running.settled();
      expect(await running.json('/stats/global')).toMatchObject({ total_orders: 700 });
      await stop();
      expect(receiver.batches.length).toBeGreaterThan(0);
    } finally {
      delete process.env.OTEL_EXPORTER_OTLP_TIMEOUT;
    }
  });
});

describe('without one', () => {
  it('a job holds no trace, and nothing of a message but what it always held', async () => {
    const pipeline = await startPipeline();
    try {
      await send(pipeline, order(), { traceparent: SENT, awsTraceHeader: AWS_TRACE });
      await pipeline.ended(1);
      const [job] = (await pipeline.queues[0]?.getCompleted()) ?? [];
      expect(Object.keys(job?.data.message ?? {})).toEqual(['id', 'sentAt', 'receiveCount']);
    } finally {
      await pipeline.stop();
    }
  });
});
