import { setTimeout as delay } from 'node:timers/promises';
import type { Inbox, InboxMessage } from './inbox.ts';
import type { InFlight } from './inFlight.ts';

export interface ReceiverParts {
  inbox: Inbox;
  inFlight: InFlight;
  /** Most receives under way at once. */
  max: number;
  /** Long-poll wait of the receive that is always under way. */
  waitSeconds: number;
  /** Fresh messages, and whether further receives are under way. */
  onMessages: (messages: InboxMessage[], more: boolean) => void;
  onError: (error: Error) => void;
}

/** SQS never hands out more at a time. */
const BATCH = 10;
/** Wait of the additional receives: long enough to ask all of SQS's servers, short enough to end when it is quiet. */
const EXTRA_WAIT_SECONDS = 1;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;

/**
 * Keeps receives under way: one long poll when it is quiet, up to `max` while batches come back full. Every full
 * batch starts one more, every other batch ends one, so the number doubles and shrinks with the backlog.
 */
export class Receivers {
  readonly #parts: ReceiverParts;
  readonly #abort = new AbortController();
  readonly #loops = new Set<Promise<void>>();

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#startLoop(true);
  }

  /** Aborts what is under way: a receive cut off is delivered again. Resolves when every loop has ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#loops);
  }

  #startLoop(permanent: boolean): void {
    const loop = this.#loop(permanent).finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  async #loop(permanent: boolean): Promise<void> {
    const { max, waitSeconds, onError } = this.#parts;
    const { signal } = this.#abort;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const full = await this.#receive(permanent ? waitSeconds : Math.min(waitSeconds, EXTRA_WAIT_SECONDS));
        failures = 0;
        if (full && this.#loops.size < max) this.#startLoop(false);
        if (!full && !permanent) return;
      } catch (error) {
        if (signal.aborted) return;
        onError(error as Error);
        if (!permanent) return;
        const most = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
        failures += 1;
        await delay(most * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
      }
    }
  }

  /** One receive, with its places reserved before it; says whether the batch came back full. */
  async #receive(waitSeconds: number): Promise<boolean> {
    const { inbox, inFlight, onMessages } = this.#parts;
    const { signal } = this.#abort;
    await inFlight.reserve(BATCH, signal);
    let messages: InboxMessage[] = [];
    try {
      messages = await inbox.receive(BATCH, waitSeconds, signal);
    } finally {
      const fresh = inFlight.admit(BATCH, messages);
      onMessages(fresh, this.#loops.size > 1);
    }
    return messages.length === BATCH;
  }
}
