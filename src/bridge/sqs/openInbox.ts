import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  QueueDoesNotExist,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { DAY_SECONDS } from '../../runtime/units.ts';
import { explainSqsError } from './errors.ts';

export interface InboxSettings {
  queueName: string;
  /** The inbox itself, when it must not be looked up or created by name. */
  queueUrl?: string;
  visibilitySeconds: number;
  /** Deliveries before SQS moves a message to the dead-letter queue. */
  maxDeliveries: number;
}

const FOURTEEN_DAYS = 14 * DAY_SECONDS;

/** A way to SQS for a few calls. */
export type Send = Pick<SQSClient, 'send'>;

/** The inbox's URL, as `findOrCreateInbox` has it. Errors say what to do. */
export async function openInbox(client: SQSClient, settings: InboxSettings): Promise<string> {
  try {
    return (await findOrCreateInbox(client, settings)).url;
  } catch (error) {
    throw explainSqsError(error);
  }
}

/**
 * The inbox's URL, creating it and its dead-letter queue when it is missing. An inbox that exists keeps its
 * attributes: they are its owner's. Several processes may do this at once.
 */
export async function findOrCreateInbox(
  client: Send,
  settings: InboxSettings,
): Promise<{ url: string; created: boolean }> {
  if (settings.queueUrl !== undefined) return { url: settings.queueUrl, created: false };
  const url = await findQueue(client, settings.queueName);
  return url === undefined
    ? { url: await createInbox(client, settings), created: true }
    : { url, created: false };
}

async function findQueue(client: Send, name: string): Promise<string | undefined> {
  try {
    return (await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}

async function createInbox(client: Send, settings: InboxSettings): Promise<string> {
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

async function createQueue(client: Send, name: string, attributes: Record<string, string>): Promise<string> {
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  if (QueueUrl === undefined) throw new Error(`SQS created ${name} but named no URL`);
  return QueueUrl;
}
