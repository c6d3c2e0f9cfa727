import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type EmbeddedSqs, startEmbeddedSqs } from '../src/embedded/sqs.ts';
import { boardOf } from './support/board.ts';
import { type ForgetfulSqs, startForgetfulSqs } from './support/forgetfulSqs.ts';
import { anOrder } from './support/orders.ts';
import { startPipeline, type TestPipeline } from './support/pipeline.ts';
import { freePort } from './support/redis.ts';
import { until } from './support/until.ts';

describe('an order that an operator repaired, while SQS still holds its message', () => {
  let dataDir: string;
  let sqs: EmbeddedSqs;
  let forgetful: ForgetfulSqs;
  let client: SQSClient;
  let pipeline: TestPipeline | undefined;

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-sqs-'));
    sqs = await startEmbeddedSqs(await freePort(), 'us-east-1', dataDir);
    forgetful = await startForgetfulSqs(sqs.endpoint);
    client = new SQSClient({
      endpoint: sqs.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      useQueueUrlAsEndpoint: false,
    });
  });
  afterEach(async () => {
    await pipeline?.stop();
    pipeline = undefined;
    client.destroy();
    await forgetful.stop();
    await sqs.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const send = (body: unknown) =>
    client.send(
      new SendMessageCommand({
        QueueUrl: `${sqs.endpoint}/123456789012/orders`,
        MessageBody: JSON.stringify(body),
      }),
    );

  it.each([
    ['while its job is still stored', '1000'],
    ['after its job was dropped', '0'],
  ])('counts once when the message is delivered again %s', async (_, keepCompleted) => {
    const running = await startPipeline({ SQS_ENDPOINT: forgetful.endpoint, COMPLETED_KEEP: keepCompleted });
    pipeline = running;
    const board = boardOf(running);

    const { MessageId = '' } = await send(anOrder({ order_value: 201 }));
    await running.ended(1);
    const [job] = await board.failed('orders');
    expect(job?.id).toBe(MessageId);
    await board.edit('orders', MessageId, {
      ...job?.data,
      order: { ...(job?.data.order as object), order_value: 2000 },
    });
    await board.retry('orders', MessageId);
    const once = { total_orders: 1, total_revenue: 2000 };
    await until(
      async () => (await running.json('/stats/global')).total_orders === 1,
      'the repaired order counts',
    );

    await forgetful.redeliver();
    await until(() => forgetful.deliveries() === 2, 'SQS delivers the message again');
    // What is delivered after it has passed it: then the second delivery has ended too.
    await send(anOrder({ order_id: 'AFTER', user_id: 'U0002' }));
    await until(
      async () => (await running.json('/users/U0002/stats')).order_count === 1,
      'a later order counts',
    );
    await running.ended(0);
    expect(await running.json('/users/U0001/stats')).toEqual({
      user_id: 'U0001',
      order_count: 1,
      total_spend: once.total_revenue,
    });
  });
});
