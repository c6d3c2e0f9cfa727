import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  type MessageSystemAttributeName,
  type QueueAttributeName,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeleteOutcome, Inbox, InboxMessage } from './inbox.ts';

export interface SqsSettings {
  endpoint?: string;
  region: string;
  queueName: string;
  queueUrl?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
  visibilitySeconds: number;
  maxReceives: number;
}

const FOURTEEN_DAYS = 14 * 86_400;
const MESSAGE_FACTS: MessageSystemAttributeName[] = ['ApproximateReceiveCount', 'SentTimestamp'];

/** A client for the given target; with no endpoint and no credentials the SDK finds both as it always does. */
export function createSqsClient(
  settings: Pick<SqsSettings, 'endpoint' | 'region' | 'credentials'>,
): SQSClient {
  return new SQSClient({
    region: settings.region,
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    // LocalStack names queues by a host that only resolves on its own machine: the endpoint given must win.
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint, useQueueUrlAsEndpoint: false }),
  });
}

/**
 * The inbox's URL, creating it and its dead-letter queue when it is missing. An inbox that exists keeps its
 * attributes: they are its owner's. Several processes may do this at once.
 */
export async function openInbox(client: SQSClient, settings: SqsSettings): Promise<string> {
  if (settings.queueUrl !== undefined) return settings.queueUrl;
  return (await findQueue(client, settings.queueName)) ?? (await createInbox(client, settings));
}

async function findQueue(client: SQSClient, name: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}

async function createInbox(client: SQSClient, settings: SqsSettings): Promise<string> {
  const fifo = settings.queueName.endsWith('.fifo');
  const baseName = fifo ? settings.queueName.slice(0, -'.fifo'.length) : settings.queueName;
  const common = { MessageRetentionPeriod: String(FOURTEEN_DAYS), ...(fifo ? { FifoQueue: 'true' } : {}) };
  const deadLetterUrl = await createQueue(client, `${baseName}-dlq${fifo ? '.fifo' : ''}`, common);
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: deadLetterUrl, AttributeNames: ['QueueArn'] }),
  );
  return createQueue(client, settings.queueName, {
    ...common,
    VisibilityTimeout: String(settings.visibilitySeconds),
    ReceiveMessageWaitTimeSeconds: '20',
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: Attributes?.QueueArn,
      maxReceiveCount: settings.maxReceives,
    }),
  });
}

async function createQueue(
  client: SQSClient,
  name: string,
  attributes: Record<string, string>,
): Promise<string> {
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  if (QueueUrl === undefined) throw new Error(`SQS created ${name} but named no URL`);
  return QueueUrl;
}

/**
 * The inbox on SQS. Receives and deletes use a client each: a client has 50 sockets, and 20-second long polls
 * would keep deletes waiting for one.
 */
export function sqsInbox(settings: SqsSettings, queueUrl: string): Inbox {
  const receiving = createSqsClient(settings);
  const deleting = createSqsClient(settings);
  return {
    async receive(max, waitSeconds, signal) {
      const { Messages = [] } = await receiving.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: max,
          WaitTimeSeconds: waitSeconds,
          // Under the old name as well, which the SDK's types have forgotten: not every emulator knows the new one.
          AttributeNames: MESSAGE_FACTS as unknown as QueueAttributeName[],
          MessageSystemAttributeNames: MESSAGE_FACTS,
        }),
        { abortSignal: signal, requestTimeout: (waitSeconds + 5) * 1_000 },
      );
      return Messages.map(toInboxMessage);
    },

    async delete(receiptHandles) {
      const { Failed = [] } = await deleting.send(
        new DeleteMessageBatchCommand({
          QueueUrl: queueUrl,
          // Ids are positions: a message delivered twice could stand in one batch twice.
          Entries: receiptHandles.map((handle, index) => ({ Id: String(index), ReceiptHandle: handle })),
        }),
        { requestTimeout: 10_000 },
      );
      const failed = new Map(Failed.map((entry) => [Number(entry.Id), entry]));
      return receiptHandles.map((_, index): DeleteOutcome => {
        const failure = failed.get(index);
        if (!failure) return 'deleted';
        return failure.SenderFault ? 'rejected' : 'try_again';
      });
    },

    close() {
      receiving.destroy();
      deleting.destroy();
    },
  };
}

function toInboxMessage(message: Message): InboxMessage {
  const { SentTimestamp, ApproximateReceiveCount } = message.Attributes ?? {};
  return {
    id: message.MessageId as string,
    body: message.Body ?? '',
    receiptHandle: message.ReceiptHandle as string,
    receiveCount: Number(ApproximateReceiveCount ?? 1),
    sentAt: new Date(SentTimestamp === undefined ? Date.now() : Number(SentTimestamp)).toISOString(),
  };
}
