import { setTimeout as delay } from 'node:timers/promises';
import type { IdCase } from '../orders/ids.ts';
import { toOrderJob, userIdOf } from '../queue/orderJob.ts';
import type { OrderQueues } from '../queue/orderQueues.ts';
import type { Partitions } from '../queue/partitions.ts';
import type { InboxMessage } from './inbox.ts';

export interface EnqueuerParts {
  queues: OrderQueues;
  partitions: Partitions;
  idCase: IdCase;
  /** Called with ids once their jobs are in Redis: from then on, and not before, they may be deleted. */
  onEnqueued: (ids: readonly string[]) => void;
  onError: (error: Error) => void;
}

/** Larger pipelines gain nothing and keep Redis busy for longer. */
const MAX_BULK = 300;
/** How long a small batch waits for company while several receives are bringing more. */
const LINGER_MS = 3;
const RETRY_MS = 500;

type Jobs = Parameters<OrderQueues['add']>[1];

/**
 * Turns messages into jobs, one bulk add at a time: what arrives during one travels in the next. A failed add is
 * repeated whole, with the same job ids, until Redis takes it; jobs already there are ignored by their id.
 */
export class Enqueuer {
  readonly #parts: EnqueuerParts;
  #waiting: InboxMessage[] = [];
  #running: Promise<void> | undefined;

  constructor(parts: EnqueuerParts) {
    this.#parts = parts;
  }

  /** `more` says that further messages are on their way, so that waiting a moment pays. */
  push(messages: readonly InboxMessage[], more: boolean): void {
    if (messages.length === 0) return;
    this.#waiting.push(...messages);
    this.#running ??= this.#run(more).finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when everything pushed so far is in Redis. */
  async drained(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(more: boolean): Promise<void> {
    if (more && this.#waiting.length < MAX_BULK) await delay(LINGER_MS);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BULK);
      await this.#add(batch);
      this.#parts.onEnqueued(batch.map((message) => message.id));
    }
  }

  async #add(batch: readonly InboxMessage[]): Promise<void> {
    const bulks = this.#byPartition(batch);
    for (;;) {
      try {
        await Promise.all(bulks.map(({ partition, jobs }) => this.#parts.queues.add(partition, jobs)));
        return;
      } catch (error) {
        this.#parts.onError(error as Error);
        await delay(RETRY_MS);
      }
    }
  }

  #byPartition(batch: readonly InboxMessage[]) {
    const { partitions, idCase } = this.#parts;
    const bulks = partitions.all.map((partition) => ({
      partition,
      jobs: [] as { id: string; data: Jobs[number]['data'] }[],
    }));
    for (const { id, body, sentAt, receiveCount } of batch) {
      const data = toOrderJob(body, { id, sentAt, receiveCount });
      bulks[partitions.of(userIdOf(data, idCase) ?? id).index]?.jobs.push({ id, data });
    }
    return bulks.filter(({ jobs }) => jobs.length > 0);
  }
}
