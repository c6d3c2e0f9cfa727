import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  type MessageSystemAttributeName,
  type QueueAttributeName,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { withLimit } from '../../runtime/deadline.ts';
import type { InboxDepth } from '../../telemetry/figures.ts';
import {
  readAwsTraceHeader,
  readTraceparent,
  type TraceContext,
  writeTraceparent,
} from '../../telemetry/traces/traceContext.ts';
import type { CallCounts, CallKind } from './callCounts.ts';
import { createSqsClient, type SqsTarget, sqsCredentials } from './client.ts';
import { explainSqsError } from './errors.ts';
import type { EntryOutcome, Inbox, InboxMessage } from './inbox.ts';
import { depthReader } from './inboxDepth.ts';
import { createLeanSqsClient } from './leanClient.ts';
import { findOrCreateInbox, type InboxSettings } from './openInbox.ts';
import { receivedMessage } from './receivedMessage.ts';

const MESSAGE_FACTS: MessageSystemAttributeName[] = ['ApproximateReceiveCount', 'SentTimestamp'];
/** The W3C's, which the sender set, or else what the AWS SDK put beside the message by itself. */
const TRACEPARENT = 'traceparent';
const TRACE_HEADER: MessageSystemAttributeName = 'AWSTraceHeader';

/** The SDK has no time limit of its own: a call on a connection that died silently would wait for ever. */
const CALL_LIMIT_MS = 10_000;
/** On top of the wait that was asked for. */
const RECEIVE_GRACE_MS = 5_000;

export interface SqsInboxParts {
  counts: CallCounts;
  /** Whether receives ask for the trace that a message belongs to. */
  isTraced: boolean;
  /** Called once, when it is known where the inbox is. */
  onFound: (inbox: FoundInbox) => void;
}

export interface FoundInbox {
  url: string;
  /** It did not exist before. */
  created: boolean;
  /** The SDK found no credentials: calls are signed with made-up ones. */
  madeUpCredentials: boolean;
}

export interface SqsInbox extends Inbox {
  /** The region calls are signed for. Rejects when nothing names one. */
  region(): Promise<string>;
  /** Finds the inbox, or creates it, as the first receive would. */
  open(signal?: AbortSignal): Promise<void>;
  /** How much is in it. Rejects until it has been found. */
  depth(): Promise<InboxDepth>;
}

/**
 * The inbox on SQS. Receives have a client of their own: a client has 50 sockets, and long polls would keep
 * deletes waiting for one. `visibilitySeconds` is asked for with each receive, whatever the queue's own setting.
 * Where it is, is asked as often as it takes, by receives: a bridge that starts before its SQS waits for it.
 */
export function sqsInbox(
  target: SqsTarget & InboxSettings,
  { counts, isTraced, onFound }: SqsInboxParts,
): SqsInbox {
  const credentials = sqsCredentials(target);
  // The next receive tries again.
  const finding = createSqsClient(target, credentials, { maxAttempts: 1 });
  const receiving = createLeanSqsClient(target, credentials);
  const answering = createLeanSqsClient(target, credentials);
  const { visibilitySeconds } = target;
  const facts = isTraced ? [...MESSAGE_FACTS, TRACE_HEADER] : MESSAGE_FACTS;
  const within = ((command: never) =>
    finding.send(command, { abortSignal: AbortSignal.timeout(CALL_LIMIT_MS) })) as typeof finding.send;
  const readDepth = depthReader({ send: within });
  let found: string | undefined;

  const explained = (error: unknown): Error => explainSqsError(error, credentials.areMadeUp());

  const find = async (signal?: AbortSignal): Promise<string> => {
    if (found !== undefined) return found;
    try {
      const { url, created } = await withLimit(CALL_LIMIT_MS, (limit) => findBy(limit), signal);
      found = url;
      onFound({ url, created, madeUpCredentials: credentials.areMadeUp() });
      return url;
    } catch (error) {
      throw signal?.aborted ? error : explained(error);
    }
  };

  const findBy = (abortSignal: AbortSignal) =>
    findOrCreateInbox(
      { send: ((command: never) => finding.send(command, { abortSignal })) as typeof finding.send },
      target,
    );

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
      throw explained(error);
    }
  };

  return {
    region: () => finding.config.region(),
    async open(signal) {
      await find(signal);
    },

    async depth() {
      if (found === undefined) throw new Error('the inbox has not been found yet');
      return readDepth(found);
    },

    async receive(max, waitSeconds, signal) {
      const command = new ReceiveMessageCommand({
        QueueUrl: await find(signal),
        MaxNumberOfMessages: max,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        // Under the old name as well, which the SDK's types have forgotten: not every emulator knows the new one.
        AttributeNames: facts as unknown as QueueAttributeName[],
        MessageSystemAttributeNames: facts,
        ...(isTraced ? { MessageAttributeNames: [TRACEPARENT] } : {}),
      });
      const { Messages = [] } = await call(
        'receive',
        waitSeconds * 1_000 + RECEIVE_GRACE_MS,
        (callSignal) => receiving.send(command, callSignal),
        signal,
      );
      const messages = Messages.map((message) =>
        toInboxMessage(message, isTraced ? traceOf(message) : undefined),
      );
      counts.received(messages);
      return messages;
    },

    async delete(receiptHandles) {
      const command = new DeleteMessageBatchCommand({
        QueueUrl: await find(),
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
        QueueUrl: await find(),
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
      finding.destroy();
      receiving.destroy();
      answering.destroy();
    },
  };
}

function outcomes(
  count: number,
  failed: { Id?: string | undefined; SenderFault?: boolean | undefined }[] = [],
) {
  const all = new Array<EntryOutcome>(count).fill('done');
  for (const { Id, SenderFault } of failed) all[Number(Id)] = SenderFault ? 'rejected' : 'try_again';
  return all;
}

function toInboxMessage(message: Message, trace: TraceContext | undefined): InboxMessage {
  return {
    ...receivedMessage(message),
    receiptHandle: message.ReceiptHandle as string,
    ...(trace ? { traceparent: writeTraceparent(trace) } : {}),
  };
}

const traceOf = ({ Attributes, MessageAttributes }: Message): TraceContext | undefined =>
  readTraceparent(MessageAttributes?.[TRACEPARENT]?.StringValue ?? '') ??
  readAwsTraceHeader(Attributes?.[TRACE_HEADER] ?? '');
