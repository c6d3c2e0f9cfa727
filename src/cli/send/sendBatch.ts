import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BatchResultErrorEntry,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Outgoing, Positioned } from './batches.ts';

interface BatchTarget {
  client: SQSClient;
  queueUrl: string;
  /** Distinguishes this run from others in the deduplication ids of a FIFO queue; undefined for a standard one. */
  fifoRun: string | undefined;
  clock: Clock;
}

/** What became of each message of a batch. */
interface BatchListener<T extends Outgoing> {
  onSent(sent: Positioned<T>): void;
  onFailed(failed: Positioned<T>, problem: string): void;
}

const ATTEMPTS = 6;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 3000;
const ANSWER_WITHIN_MS = 30_000;

/** FIFO groups for messages that name none: one group would be delivered one message at a time. */
const SPREAD = 64;

/**
 * Sends one batch of up to 10. Entries that SQS failed through no fault of ours are tried again, alone, with
 * backoff; the others, and those that keep failing, are reported as failed.
 *
 * @throws what the SDK throws when the request as a whole failed, its own retries included.
 */
export async function sendBatch<T extends Outgoing>(
  target: BatchTarget,
  batch: readonly Positioned<T>[],
  listener: BatchListener<T>,
): Promise<void> {
  let pending = batch;
  for (let attempt = 1; ; attempt += 1) {
    const failed = await send(target, pending);
    const again: Positioned<T>[] = [];
    for (const [index, one] of pending.entries()) {
      const failure = failed.get(String(index));
      if (!failure) listener.onSent(one);
      else if (failure.SenderFault || attempt === ATTEMPTS)
        listener.onFailed(one, describe(failure, attempt));
      else again.push(one);
    }
    if (again.length === 0) return;
    pending = again;
    const longest = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt);
    await target.clock.sleep(longest * (0.5 + Math.random() / 2));
  }
}

async function send(
  target: BatchTarget,
  batch: readonly Positioned<Outgoing>[],
): Promise<Map<string, BatchResultErrorEntry>> {
  const Entries = batch.map((one, index) => entryOf(one, index, target.fifoRun));
  const result = await target.client.send(
    new SendMessageBatchCommand({ QueueUrl: target.queueUrl, Entries }),
    // The SDK's own requestTimeout only warns unless the client was made to throw, and would wait for ever.
    { abortSignal: AbortSignal.timeout(ANSWER_WITHIN_MS) },
  );
  return new Map((result.Failed ?? []).map((failure) => [failure.Id ?? '', failure]));
}

function entryOf({ message, position }: Positioned<Outgoing>, index: number, fifoRun: string | undefined) {
  const entry: SendMessageBatchRequestEntry = { Id: String(index), MessageBody: message.body };
  if (fifoRun === undefined) return entry;
  return {
    ...entry,
    MessageGroupId: message.group ?? `populate-${position % SPREAD}`,
    // By position, not by content: an exact re-send has to arrive, while a retry of this entry has not.
    MessageDeduplicationId: `${fifoRun}-${position}`,
  };
}

function describe(failure: BatchResultErrorEntry, attempts: number): string {
  const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
  return `SQS refused it${tries}: ${[failure.Code, failure.Message].filter(Boolean).join(', ')}`;
}

export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }),
};

/** How far behind its schedule a pacer may fall and still catch up; more would come back as one burst. */
const CATCH_UP_MS = 1000;

/**
 * Returns a function that waits until `messages` more may go, at `rate` a second. Due times are counted from the
 * first call, not from the last wait, so that timers firing late do not add up. Without a rate it never waits.
 */
export function createPacer(rate: number | undefined, clock: Clock) {
  let due = Number.NEGATIVE_INFINITY;
  return async (messages: number, signal?: AbortSignal): Promise<void> => {
    if (rate === undefined) return;
    const now = clock.now();
    due = due === Number.NEGATIVE_INFINITY ? now : Math.max(due, now - CATCH_UP_MS);
    if (due > now) await clock.sleep(due - now, signal);
    due += (messages * 1000) / rate;
  };
}
