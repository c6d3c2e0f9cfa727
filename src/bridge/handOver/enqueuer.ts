import { setTimeout as delay } from 'node:timers/promises';
import type { IdCase } from '../../orders/ids.ts';
import type { DurableQueues } from '../../queue/durableQueues.ts';
import { jobOfMessage, type OrderJob, type Reading } from '../../queue/orderJob.ts';
import { userIdOf } from '../../queue/readOrderJob.ts';
import { atMost } from '../../runtime/deadline.ts';
import type { Partition, Partitions } from '../../store/partitions.ts';
import type { Span, Traces } from '../../telemetry/traces/traces.ts';
import type { Message, OnSafe } from '../source.ts';
import { type Batch, MAX_BULK, tellSafe, Waiting } from './waiting.ts';

export interface EnqueuerOptions extends Reading {
  idCase: IdCase;
}

export interface EnqueuerParts {
  /** One bulk add is under way on each at a time. */
  lanes: readonly DurableQueues[];
  partitions: Partitions;
  traces?: Traces | undefined;
  /** So many messages have jobs that are safe. */
  onEnqueued: (count: number) => void;
  /** Redis took a bulk, or refused one. */
  onAdd: (fault: Error | undefined) => void;
  onError: (error: Error) => void;
}

/** How long a small batch waits for company while several receives are bringing more. */
const LINGER_MS = 4;
const RETRY_MS = 250;

interface Bulk {
  partition: Partition;
  jobs: { id: string; data: OrderJob }[];
}

/**
 * Turns messages into jobs in bulk: what arrives during one add travels in the next. A failed add is repeated
 * whole, with the same job ids, until Redis takes it; jobs already there are ignored by their id.
 */
export class Enqueuer {
  readonly #options: EnqueuerOptions;
  readonly #parts: EnqueuerParts;
  readonly #giveUp = new AbortController();
  readonly #idle: DurableQueues[];
  readonly #running = new Set<Promise<void>>();
  readonly #waiting = new Waiting();

  constructor(options: EnqueuerOptions, parts: EnqueuerParts) {
    this.#options = options;
    this.#parts = parts;
    this.#idle = [...parts.lanes];
  }

  /** `more` says that further messages are on their way, so that waiting a moment pays. */
  push(messages: readonly Message[], onSafe: OnSafe, more: boolean): void {
    if (messages.length === 0) return;
    this.#waiting.push(messages, onSafe);
    const lane = this.#idle.pop();
    if (!lane) return;
    const running = this.#run(lane, more).finally(() => {
      this.#running.delete(running);
      this.#idle.push(lane);
    });
    this.#running.add(running);
  }

  /** Resolves when everything pushed is safe, or after `limitMs`: then what is not stays with its source. */
  async drained(limitMs: number): Promise<void> {
    await atMost(limitMs, this.#ended());
    this.#giveUp.abort();
  }

  async #ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #run(lane: DurableQueues, more: boolean): Promise<void> {
    if (more && this.#waiting.size < MAX_BULK) await delay(LINGER_MS);
    while (this.#waiting.size > 0 && !this.#giveUp.signal.aborted) {
      const batch = this.#waiting.take();
      const spans = this.#beginSpans(batch);
      const safe = await this.#add(lane, this.#byPartition(batch));
      for (const span of spans) span.end({}, { failed: !safe });
      // An add that ends after we gave up: its messages are back with their source, which delivers them once more.
      if (safe && !this.#giveUp.signal.aborted) this.#isSafe(batch);
    }
  }

  /** One for each message that its sender traces. */
  #beginSpans({ messages }: Batch): Span[] {
    const { traces } = this.#parts;
    if (!traces) return [];
    const traced = messages.filter(({ traceparent }) => traceparent !== undefined);
    return traced.map(({ id, traceparent }) =>
      traces.begin('enqueue order', {
        kind: 'producer',
        parent: traceparent,
        attributes: {
          'messaging.system': 'bullmq',
          'messaging.operation.type': 'send',
          'messaging.message.id': id,
        },
      }),
    );
  }

  #isSafe(batch: Batch): void {
    tellSafe(batch);
    this.#parts.onEnqueued(batch.messages.length);
  }

  async #add(lane: DurableQueues, bulks: readonly Bulk[]): Promise<boolean> {
    const { signal } = this.#giveUp;
    while (!signal.aborted) {
      try {
        await lane.add(bulks);
        this.#parts.onAdd(undefined);
        return true;
      } catch (error) {
        this.#parts.onAdd(error as Error);
        this.#parts.onError(error as Error);
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    return false;
  }

  #byPartition({ messages }: Batch): Bulk[] {
    const { partitions } = this.#parts;
    const bulks = partitions.all.map((partition): Bulk => ({ partition, jobs: [] }));
    for (const message of messages) {
      const data = toJob(message, this.#options);
      const home = partitions.of(userIdOf(data, this.#options.idCase) ?? message.id);
      bulks[home.index]?.jobs.push({ id: message.id, data });
    }
    return bulks.filter(({ jobs }) => jobs.length > 0);
  }
}

const toJob = ({ id, body, sentAt, receiveCount, traceparent }: Message, reading: Reading): OrderJob =>
  jobOfMessage(
    body,
    { id, sentAt, receiveCount, ...(traceparent === undefined ? {} : { traceparent }) },
    reading,
  );
