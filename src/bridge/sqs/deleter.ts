import { setTimeout as delay } from 'node:timers/promises';
import { atMost } from '../../runtime/deadline.ts';
import { INBOX_BATCH, type Inbox } from './inbox.ts';
import type { InFlight } from './inFlight.ts';

/** How long fewer than ten wait for company while more are coming. Far below any visibility timeout. */
const LINGER_MS = 100;
const TRIES = 5;
const FIRST_RETRY_MS = 200;

export interface DeleterParts {
  onError: (error: Error) => void;
  /** A batch has ended: given up for this error, or answered. */
  onEnded: (error: Error | undefined) => void;
}

/**
 * Deletes messages whose jobs are safe, ten to a call over all receives. A delete that keeps failing is given
 * up: SQS delivers that message again, and its job id or the ledger recognises it.
 */
export class Deleter {
  readonly #inbox: Inbox;
  readonly #inFlight: InFlight;
  readonly #parts: DeleterParts;
  readonly #giveUp = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(inbox: Inbox, inFlight: InFlight, parts: DeleterParts) {
    this.#inbox = inbox;
    this.#inFlight = inFlight;
    this.#parts = parts;
  }

  /** `more` says that further messages are on their way, so that fewer than ten may wait for them. */
  push(ids: readonly string[], more: boolean): void {
    this.#waiting.push(...ids);
    while (this.#waiting.length >= INBOX_BATCH) this.#send(this.#waiting.splice(0, INBOX_BATCH));
    if (this.#waiting.length === 0) return;
    if (more) this.#timer ??= setTimeout(() => this.#flush(), LINGER_MS);
    else this.#flush();
  }

  /** Sends what is waiting and resolves when every delete has ended, or after `limitMs`: none is tried again then. */
  async drained(limitMs: number): Promise<void> {
    this.#flush();
    await atMost(limitMs, Promise.all(this.#running));
    this.#giveUp.abort();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length > 0) this.#send(this.#waiting.splice(0));
  }

  #send(ids: string[]): void {
    const running = this.#delete(ids).finally(() => {
      this.#inFlight.done(ids);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  async #delete(ids: readonly string[]): Promise<void> {
    const { signal } = this.#giveUp;
    let left = ids;
    let failure: Error | undefined;
    for (let attempt = 0; left.length > 0 && attempt < TRIES; attempt += 1) {
      if (attempt > 0)
        await delay(FIRST_RETRY_MS * 2 ** (attempt - 1), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        // Looked up anew for each try: a delivery meanwhile has brought a newer handle.
        const outcomes = await this.#inbox.delete(this.#inFlight.handlesOf(left) as string[]);
        left = left.filter((_, index) => outcomes[index] === 'try_again');
        failure = undefined;
      } catch (error) {
        failure = error as Error;
        this.#parts.onError(failure);
      }
    }
    this.#parts.onEnded(failure);
  }
}
