import { randomBytes } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { readConfig } from '../../src/config/config.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { awsError, held, startFaultProxy } from '../support/faultProxy.ts';
import { anOrder } from '../support/orders.ts';
import { freePort, startTestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { type DeliveryRig, deliveryContract } from './deliveryContract.ts';
import { runApp } from './runningApp.ts';

/*
 * What the bridge leans on, against whatever answers at SQS_TEST_URL (npm run test:sqs -- URL): the contract of every
 * source, then what SQS itself promises.
 */

const endpoint = process.env.SQS_TEST_URL ?? '';
if (endpoint === '') throw new Error('which SQS? npm run test:sqs -- http://127.0.0.1:4566');
const sqs = new SQSClient({ endpoint, region: 'us-east-1', useQueueUrlAsEndpoint: false });
afterAll(() => sqs.destroy());

const LONG_ENOUGH_S = 60;

deliveryContract(endpoint, (test) => () => inQueue({}, (queueUrl, name) => delivering(queueUrl, name, test)));

async function inQueue(
  attributes: Record<string, string>,
  test: (queueUrl: string, name: string) => Promise<void>,
): Promise<void> {
  const name = `rig-${randomBytes(6).toString('hex')}${attributes.FifoQueue ? '.fifo' : ''}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  try {
    await test(QueueUrl as string, name);
  } finally {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  }
}

async function delivering(
  queueUrl: string,
  name: string,
  test: (rig: DeliveryRig) => Promise<void>,
): Promise<void> {
  const server = await startTestRedis();
  const redis = server.client();
  const prefix = makePartitions(1).all[0]?.tag as string;
  const queue = new Queue<OrderJob>(ORDER_QUEUE, { connection: redis, prefix });
  queue.on('error', () => {});
  const proxy = await startFaultProxy(endpoint);
  // The newest handle of each message, as its bridge knows it.
  const handles = new Map<string, string>();
  proxy.disturb('ReceiveMessage', async ({ pass }) => {
    const answer = await pass();
    for (const { MessageId, ReceiptHandle } of answer.body.Messages ?? [])
      handles.set(MessageId, ReceiptHandle);
    return answer;
  });
  const { logger } = collectingLogger();
  const stops: (() => Promise<void>)[] = [];
  try {
    await test({
      redis,
      queue,
      async start({ highWater } = { highWater: 10_000 }) {
        const config = readConfig({
          REDIS_URL: server.url,
          SQS_ENDPOINT: proxy.endpoint,
          QUEUE_NAME: name,
          AWS_REGION: 'us-east-1',
          SQS_WAIT_SECONDS: '1',
          SQS_VISIBILITY_SECONDS: String(LONG_ENOUGH_S),
          PORT: String(await freePort()),
          QUEUE_HIGH_WATER: String(highWater),
        });
        const app = await runApp(config, 'bridge', logger);
        let stopped: Promise<void> | undefined;
        const stop = () => {
          stopped ??= app.stop();
          return stopped;
        };
        stops.push(stop);
        return {
          pausedBy: async () => (await app.bridge()).paused_by,
          deliveries: async () => (await app.bridge()).messages,
          stop,
        };
      },
      send: (count) => send(queueUrl, count),
      left: () => left(queueUrl),
      async redeliver() {
        for (const ReceiptHandle of handles.values())
          await sqs.send(
            new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
          );
      },
      delayAcknowledgements() {
        const { fault, release } = held(awsError(500, 'InternalError'));
        const failing = proxy.disturb('DeleteMessageBatch', fault);
        return () => {
          failing.end();
          release();
        };
      },
      idle: () => until(() => proxy.underWay('ReceiveMessage') === 0, 'no receive is under way'),
    });
  } finally {
    for (const stop of stops) await stop();
    await queue.close();
    await proxy.stop();
    await server.stop();
    logger.close();
  }
}

async function send(QueueUrl: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < count; from += 10) {
    const Entries = Array.from({ length: Math.min(10, count - from) }, (_, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify(anOrder({ order_id: `ORD${from + index}` })),
    }));
    const { Successful = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    ids.push(...Successful.map(({ MessageId }) => MessageId as string));
  }
  return ids;
}

async function left(QueueUrl: string): Promise<{ visible: number; hidden: number }> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages),
    hidden: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
  };
}

async function receive(QueueUrl: string, more: object = {}): Promise<Message[]> {
  const asked = { QueueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All' as const], ...more };
  return (await sqs.send(new ReceiveMessageCommand(asked))).Messages ?? [];
}

describe(`what SQS promises, at ${endpoint}`, () => {
  const DLQ_AFTER = 2;

  it('a long poll waits for a message, and has it as soon as it comes', () =>
    inQueue({}, async (queueUrl) => {
      const polled = receive(queueUrl, { WaitTimeSeconds: 20 });
      const early = await Promise.race([polled, left(queueUrl).then(() => 'waits')]);
      expect(early).toBe('waits');
      await send(queueUrl, 1);
      expect(await polled).toHaveLength(1);
    }));

  it('a message says when it was sent and how often it has come', () =>
    inQueue({ VisibilityTimeout: '0' }, async (queueUrl) => {
      await send(queueUrl, 1);
      const [first] = await receive(queueUrl, { WaitTimeSeconds: 5 });
      const [second] = await receive(queueUrl, { WaitTimeSeconds: 5 });
      expect(Number(first?.Attributes?.SentTimestamp)).toBeGreaterThan(1_600_000_000_000);
      expect([first, second].map((each) => each?.Attributes?.ApproximateReceiveCount)).toEqual(['1', '2']);
    }));

  it('a message is nobody else’s while it is hidden, and comes again when it is released', () =>
    inQueue({ VisibilityTimeout: '60' }, async (queueUrl) => {
      await send(queueUrl, 3);
      const messages = await receive(queueUrl, { WaitTimeSeconds: 5 });
      expect(await receive(queueUrl)).toEqual([]);
      for (const { ReceiptHandle } of messages)
        await sqs.send(
          new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
        );
      const again = new Set<string | undefined>();
      await until(async () => {
        for (const { MessageId } of await receive(queueUrl, { VisibilityTimeout: 60 })) again.add(MessageId);
        return again.size === messages.length;
      }, 'all come again');
    }));

  it('a delete with a handle that it never gave is refused by entry, and the others are done', () =>
    inQueue({}, async (queueUrl) => {
      await send(queueUrl, 1);
      const [message] = await receive(queueUrl, { WaitTimeSeconds: 5 });
      const { Successful = [], Failed = [] } = await sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: queueUrl,
          Entries: [
            { Id: 'good', ReceiptHandle: message?.ReceiptHandle },
            { Id: 'bad', ReceiptHandle: 'never given' },
          ],
        }),
      );
      expect(Successful.map(({ Id }) => Id)).toEqual(['good']);
      expect(Failed.map(({ Id, SenderFault }) => [Id, SenderFault])).toEqual([['bad', true]]);
      expect(await left(queueUrl)).toEqual({ visible: 0, hidden: 0 });
    }));

  it('a message that nobody deletes goes to the dead letters', () =>
    inQueue({}, (deadUrl) =>
      withArn(deadUrl, async (deadLetterTargetArn) => {
        const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: String(DLQ_AFTER) });
        await inQueue({ VisibilityTimeout: '0', RedrivePolicy }, async (queueUrl) => {
          await send(queueUrl, 1);
          await until(async () => {
            await receive(queueUrl);
            return (await left(deadUrl)).visible === 1;
          }, 'it is among the dead letters');
        });
      }),
    ));

  it('a group of a FIFO queue comes in order, and waits while one of it is hidden', () =>
    inQueue({ FifoQueue: 'true' }, async (queueUrl) => {
      for (const body of ['1', '2', '3'])
        await sqs.send(
          new SendMessageCommand({
            QueueUrl: queueUrl,
            MessageBody: body,
            MessageGroupId: 'group',
            MessageDeduplicationId: body,
          }),
        );
      const [first, ...more] = await receive(queueUrl, { MaxNumberOfMessages: 1, WaitTimeSeconds: 5 });
      expect([first?.Body, more]).toEqual(['1', []]);
      expect(await receive(queueUrl)).toEqual([]);
    }));
});

async function withArn(QueueUrl: string, then: (arn: string) => Promise<void>): Promise<void> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  await then(Attributes?.QueueArn as string);
}
