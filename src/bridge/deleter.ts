import { setTimeout as delay } from 'node:timers/promises';
import type { Inbox } from './inbox.ts';
import type { InFlight } from './inFlight.ts';

/** SQS takes this many per call, and a call costs the same for one. */
const BATCH = 10;
/** How long fewer than ten wait for company. Far below any visibility timeout. */
const LINGER_MS = 50;
const TRIES = 5;
const RETRY_MS = 200;

/**
 * Deletes messages whose jobs are safe, ten to a call over all receives. A delete that keeps failing is given
 * up: SQS delivers that message again, and its job id or the ledger recognises it.
 */
export class Deleter {
  readonly #inbox: Inbox;
  readonly #inFlight: InFlight;
  readonly #onError: (error: Error) => void;
  readonly #running = new Set<Promise<void>>();
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(inbox: Inbox, inFlight: InFlight, onError: (error: Error) => void) {
    this.#inbox = inbox;
    this.#inFlight = inFlight;
    this.#onError = onError;
  }

  push(ids: readonly string[]): void {
    this.#waiting.push(...ids);
    while (this.#waiting.length >= BATCH) this.#send(this.#waiting.splice(0, BATCH));
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#flush(), LINGER_MS);
  }

  /** Sends what is waiting and resolves when every delete has ended, one way or the other. */
  async drained(): Promise<void> {
    this.#flush();
    await Promise.all(this.#running);
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
    let left = ids;
    for (let attempt = 1; left.length > 0 && attempt <= TRIES; attempt += 1) {
      if (attempt > 1) await delay(RETRY_MS * 2 ** (attempt - 2));
      try {
        const outcomes = await this.#inbox.delete(left.map((id) => this.#inFlight.handleOf(id)));
        left = left.filter((_, index) => outcomes[index] === 'try_again');
      } catch (error) {
        this.#onError(error as Error);
      }
    }
  }
}
