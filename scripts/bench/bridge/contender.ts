import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { Consumer } from 'sqs-consumer';
import { ALL_PARTS } from '../../../src/app/allParts.ts';
import { startRole } from '../../../src/app/startRole.ts';
import { readConfig } from '../../../src/config/config.ts';
import { makeLogger } from '../../../src/runtime/logger.ts';
import { Services } from '../../../src/runtime/services.ts';
import { serveParent } from '../support/child.ts';

/*
 * One way of carrying messages from SQS into BullMQ, in this process alone. `go` starts it; `report` answers what
 * it cost since then. The parent sees for itself when the inbox is empty.
 */
export type ContenderRequest =
  | { do: 'go'; contender: ContenderName; endpoint: string; queueUrl: string; redisUrl: string; wide: number }
  | { do: 'report' };

export type ContenderName = keyof typeof CONTENDERS;
type Go = Extract<ContenderRequest, { do: 'go' }>;

const CONTENDERS = {
  bare: bareLoop,
  ours: bridge,
  'sqs-consumer': (go: Go) => sqsConsumer(go, {}),
  'sqs-consumer, batch 10': (go: Go) => sqsConsumer(go, { batchSize: 10 }),
};

let before = process.cpuUsage();

serveParent(async (request: ContenderRequest) => {
  if (request.do === 'report') {
    const { user, system } = process.cpuUsage(before);
    return { cpuMicroseconds: user + system, rss: process.memoryUsage().rss };
  }
  before = process.cpuUsage();
  await CONTENDERS[request.contender](request);
  return null;
});

function client({ endpoint }: Go): SQSClient {
  return new SQSClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    useQueueUrlAsEndpoint: false,
  });
}

function queue({ redisUrl }: Go): Queue {
  const url = new URL(redisUrl);
  return new Queue('orders', {
    connection: new Redis(Number(url.port), url.hostname, { maxRetriesPerRequest: null }),
    prefix: '{bare}',
  });
}

const jobOptions = (message: Message) => ({ jobId: message.MessageId as string, attempts: 5 });

/** What one writes first: so many loops of receive, addBulk, batch delete, and nothing else. */
async function bareLoop(go: Go): Promise<void> {
  const receiving = client(go);
  const deleting = client(go);
  const orders = queue(go);
  const loop = async () => {
    for (;;) {
      const { Messages = [] } = await receiving.send(
        new ReceiveMessageCommand({ QueueUrl: go.queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 }),
      );
      if (Messages.length === 0) continue;
      await orders.addBulk(
        Messages.map((message) => ({
          name: 'order',
          data: JSON.parse(message.Body as string),
          opts: jobOptions(message),
        })),
      );
      await deleting.send(
        new DeleteMessageBatchCommand({
          QueueUrl: go.queueUrl,
          Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
        }),
      );
    }
  };
  for (let i = 0; i < go.wide; i += 1) void loop();
}

async function bridge(go: Go): Promise<void> {
  const config = readConfig({
    REDIS_URL: go.redisUrl,
    SQS_ENDPOINT: go.endpoint,
    QUEUE_NAME: new URL(go.queueUrl).pathname.split('/').at(-1) as string,
    BRIDGE_MAX_RECEIVES: String(go.wide),
    QUEUE_HIGH_WATER: '100000000',
    PORT: '0',
    LOG_LEVEL: 'ERROR',
    LOG_DIR: '/tmp/order-pipeline-bench-logs',
  });
  const logger = makeLogger(config.log);
  await startRole(config, 'bridge', ALL_PARTS, logger, new Services(logger));
}

async function sqsConsumer(go: Go, options: { batchSize?: number }): Promise<void> {
  const orders = queue(go);
  const add = (message: Message) =>
    orders.add('order', JSON.parse(message.Body as string), jobOptions(message));
  const common = { queueUrl: go.queueUrl, sqs: client(go), suppressFifoWarning: true, ...options };
  const consumer = Consumer.create({
    ...common,
    handleMessage: async (message: Message) => {
      await add(message);
      return message;
    },
  });
  consumer.on('error', (error) => console.error(error));
  consumer.start();
}
