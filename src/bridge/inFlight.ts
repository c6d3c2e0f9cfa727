import type { InboxMessage } from './inbox.ts';

interface Held {
  receiptHandle: string;
  /** Until when SQS hides it from others, ms since 1970, counted from when we asked. */
  hiddenUntil: number;
}

/**
 * Every message between its receipt and its delete. Knows the newest receipt handle of each, so that a message
 * delivered again meanwhile is neither enqueued twice nor deleted by a handle that no longer works; and bounds
 * how many there are, so that nothing is received that has no place to wait.
 */
export class InFlight {
  readonly #capacity: number;
  readonly #visibilityMs: number;
  readonly #held = new Map<string, Held>();
  #reserved = 0;
  #waiting: (() => void)[] = [];

  constructor(capacity: number, visibilitySeconds: number) {
    this.#capacity = capacity;
    this.#visibilityMs = visibilitySeconds * 1_000;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Places neither taken nor reserved. Back at the capacity when nothing is under way. */
  get free(): number {
    return this.#capacity - this.#held.size - this.#reserved;
  }

  /** Resolves once `count` places are free and reserved; rejects when aborted. First come, first served. */
  async reserve(count: number, signal: AbortSignal): Promise<void> {
    while (this.free < count) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const wake = () => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
        this.#waiting.push(wake);
      });
    }
    signal.throwIfAborted();
    this.#reserved += count;
  }

  /** Turns a reservation into the messages that came; returns those not in flight already. */
  admit(reserved: number, messages: readonly InboxMessage[], now: number): InboxMessage[] {
    this.#reserved -= reserved;
    const fresh = messages.filter(({ id, receiptHandle }) => {
      const known = this.#held.has(id);
      this.#held.set(id, { receiptHandle, hiddenUntil: now + this.#visibilityMs });
      return !known;
    });
    this.#wake();
    return fresh;
  }

  /** The handles to act on these messages by; undefined where a message is not in flight. */
  handlesOf(ids: readonly string[]): (string | undefined)[] {
    return ids.map((id) => this.#held.get(id)?.receiptHandle);
  }

  /** Messages that SQS hides for less than half of their timeout from now on. */
  soonVisible(now: number): string[] {
    const limit = now + this.#visibilityMs / 2;
    return [...this.#held].filter(([, held]) => held.hiddenUntil < limit).map(([id]) => id);
  }

  hiddenAgain(ids: readonly string[], now: number): void {
    for (const id of ids) {
      const held = this.#held.get(id);
      if (held) held.hiddenUntil = now + this.#visibilityMs;
    }
  }

  ids(): string[] {
    return [...this.#held.keys()];
  }

  /** The messages are no longer ours: deleted, or left for SQS to deliver again. */
  done(ids: readonly string[]): void {
    for (const id of ids) this.#held.delete(id);
    this.#wake();
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
