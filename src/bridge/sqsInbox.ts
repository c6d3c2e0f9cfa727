import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  type MessageSystemAttributeName,
  type QueueAttributeName,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { CallCounts, CallKind } from './callCounts.ts';
import type { EntryOutcome, Inbox, InboxMessage } from './inbox.ts';
import { createLeanSqsClient, type SqsTarget } from './sqsClient.ts';
import { explainSqsError } from './sqsErrors.ts';

const MESSAGE_FACTS: MessageSystemAttributeName[] = ['ApproximateReceiveCount', 'SentTimestamp'];

/** The SDK has no time limit of its own: a call on a connection that died silently would wait for ever. */
const CALL_LIMIT_MS = 10_000;
/** On top of the wait that was asked for. */
const RECEIVE_GRACE_MS = 5_000;

/**
 * The inbox on SQS. Receives have a client of their own: a client has 50 sockets, and long polls would keep
 * deletes waiting for one. `visibilitySeconds` is asked for with each receive, whatever the queue's own setting.
 */
export function sqsInbox(
  target: SqsTarget,
  queueUrl: string,
  visibilitySeconds: number,
  counts: CallCounts,
): Inbox {
  const receiving = createLeanSqsClient(target);
  const answering = createLeanSqsClient(target);

  const call = async <T>(
    kind: CallKind,
    limitMs: number,
    ask: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    counts.called(kind);
    try {
      return await withLimit(limitMs, ask, signal);
    } catch (error) {
      if (signal?.aborted) throw error;
      counts.failed();
      throw explainSqsError(error);
    }
  };

  return {
    async receive(max, waitSeconds, signal) {
      const command = new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: max,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        // Under the old name as well, which the SDK's types have forgotten: not every emulator knows the new one.
        AttributeNames: MESSAGE_FACTS as unknown as QueueAttributeName[],
        MessageSystemAttributeNames: MESSAGE_FACTS,
      });
      const { Messages = [] } = await call(
        'receive',
        waitSeconds * 1_000 + RECEIVE_GRACE_MS,
        (callSignal) => receiving.send(command, callSignal),
        signal,
      );
      const messages = Messages.map(toInboxMessage);
      counts.received(messages);
      return messages;
    },

    async delete(receiptHandles) {
      const command = new DeleteMessageBatchCommand({
        QueueUrl: queueUrl,
        // Ids are positions: a message delivered twice could stand in one batch twice.
        Entries: receiptHandles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle })),
      });
      const { Failed } = await call('delete', CALL_LIMIT_MS, (callSignal) =>
        answering.send(command, callSignal),
      );
      return outcomes(receiptHandles.length, Failed);
    },

    async hide(receiptHandles, seconds) {
      const command = new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: receiptHandles.map((ReceiptHandle, index) => ({
          Id: String(index),
          ReceiptHandle,
          VisibilityTimeout: seconds,
        })),
      });
      const { Failed } = await call('hide', CALL_LIMIT_MS, (callSignal) =>
        answering.send(command, callSignal),
      );
      return outcomes(receiptHandles.length, Failed);
    },

    close() {
      receiving.destroy();
      answering.destroy();
    },
  };
}

/** Aborts the call after the limit, or with `outer`; either way nothing is left behind. */
async function withLimit<T>(
  limitMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    abort();
  }, limitMs);
  outer?.addEventListener('abort', abort, { once: true });
  if (outer?.aborted) abort();
  try {
    return await ask(controller.signal);
  } catch (error) {
    if (!late) throw error;
    throw Object.assign(new Error(`no answer within ${limitMs / 1_000} s`, { cause: error }), {
      name: 'SlowCall',
    });
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  }
}

function outcomes(
  count: number,
  failed: { Id?: string | undefined; SenderFault?: boolean | undefined }[] = [],
) {
  const all = new Array<EntryOutcome>(count).fill('done');
  for (const { Id, SenderFault } of failed) all[Number(Id)] = SenderFault ? 'rejected' : 'try_again';
  return all;
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
