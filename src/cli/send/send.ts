import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { batchesOf, type Outgoing, type Positioned } from './batches.ts';
import { type Clock, createPacer, sendBatch, systemClock } from './sendBatch.ts';

export interface SendOptions<T extends Outgoing = Outgoing> {
  /** Messages a second; as fast as possible when not given. */
  rate?: number | undefined;
  /** Batches under way at once. A FIFO queue always gets one, or the order within a group would be lost. */
  parallel?: number;
  /** Called for each message that SQS accepted. */
  onSent?: (message: T) => void;
  /** Called after every batch. */
  onProgress?: (report: SendReport) => void;
  /** Stops taking messages; those already under way are finished. */
  signal?: AbortSignal;
  clock?: Clock;
}

export interface SendReport {
  /** Accepted by SQS. */
  sent: number;
  /** Refused by SQS, or not offered to it because it would refuse them. */
  unsent: number;
  /** The first of the unsent, e.g. `line 17: SQS takes no empty message`. */
  problems: string[];
}

/** Sending ended early. `cause` is what SQS or the source of the messages threw, `report` what was sent before. */
export class SendStopped extends Error {
  override readonly name = 'SendStopped';
  readonly report: SendReport;

  constructor(report: SendReport, cause: unknown) {
    super(`stopped after ${report.sent} messages`, { cause });
    this.report = report;
  }
}

const BATCH_BYTES = 256 * 1024;
const PROBLEMS_KEPT = 20;
const PARALLEL = 8;

/**
 * Sends messages in batches, in parallel, at a steady rate when one is given. A message that cannot be sent is
 * reported and the rest go on.
 *
 * @throws SendStopped when a whole request failed or reading the messages did, once nothing is under way.
 */
export async function sendMessages<T extends Outgoing>(
  client: SQSClient,
  queueUrl: string,
  messages: Iterable<T> | AsyncIterable<T>,
  options: SendOptions<T> = {},
): Promise<SendReport> {
  const { rate, onProgress, signal, clock = systemClock } = options;
  const fifo = queueUrl.endsWith('.fifo');
  const parallel = fifo ? 1 : (options.parallel ?? PARALLEL);
  const target = { client, queueUrl, fifoRun: fifo ? randomUUID() : undefined, clock };
  const pace = createPacer(rate, clock);
  const report: SendReport = { sent: 0, unsent: 0, problems: [] };
  const underWay = new Set<Promise<void>>();
  let failure: { cause: unknown } | undefined;

  const listener = {
    onSent: ({ message }: Positioned<T>): void => {
      report.sent += 1;
      options.onSent?.(message);
    },
    onFailed: ({ message, position }: Positioned<T>, problem: string): void => {
      report.unsent += 1;
      if (report.problems.length < PROBLEMS_KEPT) {
        report.problems.push(`${message.label ?? `message ${position}`}: ${problem}`);
      }
    },
  };

  const start = (batch: Positioned<T>[]): void => {
    const sending = sendBatch(target, batch, listener)
      .then(() => onProgress?.(report))
      .catch((cause: unknown) => {
        failure ??= { cause };
      })
      .finally(() => underWay.delete(sending));
    underWay.add(sending);
  };

  try {
    const limits = { entries: entriesPerBatch(rate), bytes: BATCH_BYTES };
    for await (const batch of batchesOf(messages, limits, listener.onFailed)) {
      await pace(batch.length, signal);
      while (underWay.size >= parallel) await Promise.race(underWay);
      if (failure || signal?.aborted) break;
      start(batch);
    }
  } catch (cause) {
    if (!signal?.aborted) failure ??= { cause };
  }
  await Promise.all(underWay);
  if (failure) throw new SendStopped(report, failure.cause);
  return report;
}

/** Ten at a time, fewer when ten would be a tenth of a second's worth or more: a low rate should not come in bursts. */
function entriesPerBatch(rate = Number.POSITIVE_INFINITY): number {
  return Math.max(1, Math.min(10, Math.floor(rate / 10)));
}
