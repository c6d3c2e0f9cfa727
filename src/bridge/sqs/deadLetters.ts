import {
  CancelMessageMoveTaskCommand,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  type Message,
  type MessageSystemAttributeName,
  type QueueAttributeName,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import type { Letter, LetterQueue, Move } from '../../queue/letterQueue.ts';
import { createSqsClient, type SqsTarget, sqsCredentials } from './client.ts';
import { explainSqsError } from './errors.ts';
import { receivedMessage } from './receivedMessage.ts';

/** As it was received for a while. */
export interface SqsLetter extends Letter {
  message: Message;
}

export interface DeadLetters extends LetterQueue<SqsLetter> {
  close(): void;
}

const CALL_LIMIT_MS = 10_000;
const AT_ONCE = 10;
const FACTS: MessageSystemAttributeName[] = [
  'ApproximateReceiveCount',
  'SentTimestamp',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
];

interface Place {
  inbox: { url: string; arn: string };
  url: string;
  arn: string;
}

/**
 * The dead-letter queue of the inbox, which its redrive policy names. Nothing is created. Errors named SqsRefusal say what
 * to do.
 */
export function deadLetters(target: SqsTarget & { queueName: string; queueUrl?: string }): DeadLetters {
  const credentials = sqsCredentials(target);
  // Who asks tries again, and tells of it.
  const client = createSqsClient(target, credentials, { maxAttempts: 1 });
  const send = (async (command: never) => {
    try {
      return await client.send(command, { abortSignal: AbortSignal.timeout(CALL_LIMIT_MS) });
    } catch (error) {
      if (isMissing(error) || isUnsupported(error)) throw error;
      throw Object.assign(explainSqsError(error, credentials.areMadeUp()), { name: 'SqsRefusal' });
    }
  }) as typeof client.send;

  const attributesOf = async (QueueUrl: string): Promise<Record<string, string>> =>
    (await send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes ?? {};
  const urlOf = async (QueueName: string) => (await send(new GetQueueUrlCommand({ QueueName }))).QueueUrl;

  /** None where one may not ask. */
  const sourcesOf = async (QueueUrl: string): Promise<string[]> => {
    const asked = send(new ListDeadLetterSourceQueuesCommand({ QueueUrl }));
    return (await asked.catch(() => undefined))?.queueUrls ?? [];
  };

  let known: Place | undefined;
  const find = async (): Promise<Place | undefined> => {
    if (known) return known;
    try {
      const inbox = target.queueUrl ?? ((await urlOf(target.queueName)) as string);
      const { RedrivePolicy = '{}', QueueArn = '' } = await attributesOf(inbox);
      const { deadLetterTargetArn: arn } = JSON.parse(RedrivePolicy) as { deadLetterTargetArn?: string };
      if (arn === undefined) return undefined;
      const url = (await urlOf(arn.split(':').at(-1) as string)) as string;
      known = { inbox: { url: inbox, arn: QueueArn }, url, arn };
      return known;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };
  const found = async (): Promise<Place> => {
    const place = await find();
    if (!place) throw new Error('the inbox has no dead-letter queue');
    return place;
  };

  return {
    async look() {
      const place = await find();
      if (!place) return undefined;
      const { RedrivePolicy, ...all } = await attributesOf(place.url);
      const policy = JSON.parse(RedrivePolicy ?? '{}') as { maxReceiveCount?: number | string };
      return {
        queue: place.arn.split(':').at(-1) as string,
        visible: Number(all.ApproximateNumberOfMessages ?? 0),
        hidden: Number(all.ApproximateNumberOfMessagesNotVisible ?? 0),
        givesUpAfter: policy.maxReceiveCount === undefined ? undefined : Number(policy.maxReceiveCount),
      };
    },

    async take(VisibilityTimeout) {
      const { url, inbox } = await found();
      const command = new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: AT_ONCE,
        WaitTimeSeconds: 1,
        VisibilityTimeout,
        MessageAttributeNames: ['All'],
        // Under the old name as well: not every emulator knows the new one.
        AttributeNames: FACTS as unknown as QueueAttributeName[],
        MessageSystemAttributeNames: FACTS,
      });
      const { Messages = [] } = await send(command);
      return Messages.map((message) => letterOf(message, inbox.arn));
    },

    async release(letters) {
      const { url: QueueUrl } = await found();
      for (const some of tens(letters)) {
        const Entries = some.map(({ message: { ReceiptHandle } }, at) => ({
          Id: String(at),
          ReceiptHandle,
          VisibilityTimeout: 0,
        }));
        await send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }));
      }
    },

    async copyBack(letters) {
      const { inbox } = await found();
      // One by one: together they may be more than one call takes.
      const sending = letters.map(({ id, body, message: { Attributes = {}, MessageAttributes } }) =>
        send(
          new SendMessageCommand({
            QueueUrl: inbox.url,
            MessageBody: body,
            ...(MessageAttributes ? { MessageAttributes } : {}),
            ...(Attributes.AWSTraceHeader
              ? {
                  MessageSystemAttributes: {
                    AWSTraceHeader: { DataType: 'String', StringValue: Attributes.AWSTraceHeader },
                  },
                }
              : {}),
            // Under its old id for removing doubles it would be taken for the one that was given up, and be lost.
            ...(Attributes.MessageGroupId && inbox.url.endsWith('.fifo')
              ? { MessageGroupId: Attributes.MessageGroupId, MessageDeduplicationId: `redrive-${id}` }
              : {}),
          }),
        ),
      );
      const results = await Promise.allSettled(sending);
      const fault = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
      const sent = letters.filter((_, at) => results[at]?.status === 'fulfilled');
      if (fault && sent.length === 0) throw fault.reason;
      return sent;
    },

    async remove(letters) {
      const { url: QueueUrl } = await found();
      for (const some of tens(letters)) {
        const Entries = some.map(({ message: { ReceiptHandle } }, at) => ({ Id: String(at), ReceiptHandle }));
        await send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
    },

    async startMove(MaxNumberOfMessagesPerSecond) {
      const { arn: SourceArn, url, inbox } = await found();
      try {
        // Messages that nobody gave up, but that were sent there, have nowhere else to go to. Of several inboxes each
        // gets its own back.
        const isOnlyOurs = (await sourcesOf(url)).length === 1;
        const command = new StartMessageMoveTaskCommand({
          SourceArn,
          ...(isOnlyOurs ? { DestinationArn: inbox.arn } : {}),
          ...(MaxNumberOfMessagesPerSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond }),
        });
        return (await send(command)).TaskHandle;
      } catch (error) {
        if (isUnsupported(error)) return undefined;
        throw error;
      }
    },

    async lastMove() {
      const { arn: SourceArn } = await found();
      try {
        const { Results = [] } = await send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 1 }));
        const [newest] = Results;
        return (
          newest && {
            handle: newest.TaskHandle,
            state: STATES[newest.Status ?? ''] ?? 'running',
            moved: Number(newest.ApproximateNumberOfMessagesMoved ?? 0),
            total: newest.ApproximateNumberOfMessagesToMove,
            why: newest.FailureReason,
          }
        );
      } catch (error) {
        if (isUnsupported(error)) return undefined;
        throw error;
      }
    },

    async cancelMove(TaskHandle) {
      await send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    },

    close: () => client.destroy(),
  };
}

const STATES: Record<string, Move['state']> = {
  COMPLETED: 'done',
  CANCELLED: 'cancelled',
  FAILED: 'failed',
};

const tens = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, at) =>
    all.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
  );

function letterOf(message: Message, inboxArn: string): SqsLetter {
  const { DeadLetterQueueSourceArn = inboxArn } = message.Attributes ?? {};
  return {
    ...receivedMessage(message),
    isForeign: DeadLetterQueueSourceArn !== inboxArn,
    message,
  };
}

const isMissing = (error: unknown): boolean => error instanceof QueueDoesNotExist;

/** AWS says by the same name that it does this already. */
function isUnsupported(error: unknown): boolean {
  const { name = '', message = '' } = error as { name?: string; message?: string };
  return (
    /UnknownOperation|InvalidAction|NotImplemented|UnsupportedOperation/.test(name) &&
    !/already/i.test(message)
  );
}
