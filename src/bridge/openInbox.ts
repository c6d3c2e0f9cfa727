import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { explainSqsError } from './sqsErrors.ts';

export interface InboxSettings {
  queueName: string;
  /** The inbox itself, when it must not be looked up or created by name. */
  queueUrl?: string;
  visibilitySeconds: number;
  /** Deliveries before SQS moves a message to the dead-letter queue. */
  maxDeliveries: number;
}

const FOURTEEN_DAYS = 14 * 86_400;

/**
 * The inbox's URL, creating it and its dead-letter queue when it is missing. An inbox that exists keeps its
 * attributes: they are its owner's. Several processes may do this at once.
 */
export async function openInbox(client: SQSClient, settings: InboxSettings): Promise<string> {
  if (settings.queueUrl !== undefined) return settings.queueUrl;
  try {
    return (await findQueue(client, settings.queueName)) ?? (await createInbox(client, settings));
  } catch (error) {
    throw explainSqsError(error);
  }
}

async function findQueue(client: SQSClient, name: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}

async function createInbox(client: SQSClient, settings: InboxSettings): Promise<string> {
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
      maxReceiveCount: settings.maxDeliveries,
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
