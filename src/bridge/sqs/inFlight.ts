import type { InboxMessage } from './inbox.ts';

interface Held {
  receiptHandle: string;
  /** Until when SQS hides it from others, ms since 1970, counted from when we asked. */
  hiddenUntil: number;
  /** Of its body, in characters. */
  length: number;
}

/** What bodies in flight may take together, in characters: thousands of places are meant for small ones. */
const MAX_LENGTH = 64 * 1_048_576;
/** How fast the expectation falls when smaller messages come. */
const FORGETTING = 0.8;

/**
 * Every message between its receipt and its delete. Knows the newest receipt handle of each, so that a message
 * delivered again meanwhile is neither enqueued twice nor deleted by a handle that no longer works; and bounds
 * how many there are and how long, so that nothing is received that has no place to wait. How long the next ones are
 * is only known from those before: a sudden change of sizes may bring more, once.
 */
export class InFlight {
  readonly #capacity: number;
  readonly #visibilityMs: number;
  readonly #held = new Map<string, Held>();
  #reserved = 0;
  #length = 0;
  /** Length of a message among those to come. */
  #expected = 0;
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
    while (!this.#hasRoom(count)) {
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
    const fresh = messages.filter(({ id, receiptHandle, body }) => {
      const { length } = body;
      const known = this.#held.has(id);
      this.#held.set(id, { receiptHandle, hiddenUntil: now + this.#visibilityMs, length });
      if (!known) this.#length += length;
      return !known;
    });
    this.#expect(messages);
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
    for (const id of ids) {
      this.#length -= this.#held.get(id)?.length ?? 0;
      this.#held.delete(id);
    }
    this.#wake();
  }

  #hasRoom(count: number): boolean {
    if (this.free < count) return false;
    // Whatever the size, one receive at a time must go on.
    if (this.#held.size + this.#reserved === 0) return true;
    return this.#length + (this.#reserved + count) * this.#expected <= MAX_LENGTH;
  }

  #expect(messages: readonly InboxMessage[]): void {
    if (messages.length === 0) return;
    const mean = messages.reduce((sum, { body }) => sum + body.length, 0) / messages.length;
    this.#expected = Math.max(mean, this.#expected * FORGETTING);
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
