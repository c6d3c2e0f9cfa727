import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { OnSafe, Sink } from '../source.ts';
import { INBOX_BATCH, type Inbox, type InboxMessage } from './inbox.ts';
import type { InFlight } from './inFlight.ts';

export interface ReceiverParts {
  inbox: Inbox;
  inFlight: InFlight;
  /** Most receives under way at once. */
  max: number;
  /** Long-poll wait of the receive that is always under way. */
  waitSeconds: number;
  /** Hears of messages whose jobs are safe. */
  onSafe: OnSafe;
  /** A receive came back. */
  onPolled: () => void;
  /** A receive failed, and is tried again. */
  onFailed: (error: Error) => void;
}

/** Wait of the additional receives: long enough to ask all of SQS's servers, short enough to end when it is quiet. */
const EXTRA_WAIT_SECONDS = 1;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 10_000;
const LAST_MOMENT_MS = 250;
/** An empty receive counts as this long at least: SQS may answer at once, and every call costs. */
const EMPTY_MS = 1_000;

/**
 * Keeps receives under way: one long poll when it is quiet, up to `max` while batches come back full. Every full
 * batch starts one more, every other batch ends one, so the number doubles and shrinks with the backlog.
 */
export class Receivers {
  readonly #parts: ReceiverParts;
  readonly #abort = new AbortController();
  readonly #loops = new Set<Promise<void>>();
  #lastSuccess = Date.now();
  #stopping = false;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    // Each receive under way listens for the stop: that many are no leak.
    setMaxListeners(0, this.#abort.signal);
  }

  start(sink: Sink): void {
    this.#lastSuccess = Date.now();
    this.#startLoop(sink, true);
  }

  /** Receives under way, waiting for a place or for the sink included. */
  get active(): number {
    return this.#loops.size;
  }

  /** When a receive last came back, ms since 1970. */
  get lastSuccess(): number {
    return this.#lastSuccess;
  }

  /**
   * Starts no more, gives those under way a moment and aborts the rest: what SQS has answered already would
   * otherwise stay hidden for a whole visibility timeout. Resolves when every loop has ended.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.race([Promise.all(this.#loops), delay(LAST_MOMENT_MS)]);
    this.#abort.abort();
    await Promise.all(this.#loops);
  }

  #startLoop(sink: Sink, permanent: boolean): void {
    const loop = this.#loop(sink, permanent).finally(() => this.#loops.delete(loop));
    this.#loops.add(loop);
  }

  async #loop(sink: Sink, permanent: boolean): Promise<void> {
    const { max, waitSeconds, onFailed } = this.#parts;
    const { signal } = this.#abort;
    let failures = 0;
    while (!this.#stopping) {
      const began = Date.now();
      try {
        const count = await this.#receive(
          sink,
          permanent ? waitSeconds : Math.min(waitSeconds, EXTRA_WAIT_SECONDS),
        );
        failures = 0;
        if (count === INBOX_BATCH && this.#loops.size < max && !this.#stopping) this.#startLoop(sink, false);
        if (count < INBOX_BATCH && !permanent) return;
        if (count === 0) await this.#pause(began + EMPTY_MS - Date.now());
      } catch (error) {
        if (signal.aborted) return;
        onFailed(error as Error);
        if (!permanent) return;
        const most = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
        failures += 1;
        await this.#pause(most * (0.5 + Math.random() / 2));
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#abort.signal }).catch(() => {});
  }

  /** One receive, with its places reserved before it; says how many messages came. */
  async #receive(sink: Sink, waitSeconds: number): Promise<number> {
    const { inbox, inFlight, onSafe, onPolled } = this.#parts;
    const { signal } = this.#abort;
    await inFlight.reserve(INBOX_BATCH, signal);
    let messages: InboxMessage[] = [];
    let asked = Date.now();
    try {
      await sink.untilOpen(signal);
      asked = Date.now();
      messages = await inbox.receive(INBOX_BATCH, waitSeconds, signal);
      this.#lastSuccess = Date.now();
      onPolled();
    } finally {
      // Hidden since some moment after we asked: counting from the asking errs on the safe side.
      sink.push(inFlight.admit(INBOX_BATCH, messages, asked), onSafe, this.#loops.size > 1);
    }
    return messages.length;
  }
}
