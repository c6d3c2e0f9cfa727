import type { InboxMessage } from './inbox.ts';

/**
 * Every message between its receipt and its delete. Knows the newest receipt handle of each, so that a message
 * delivered again meanwhile is neither enqueued twice nor deleted by a handle that no longer works; and bounds
 * how many there are, so that nothing is received that has no place to wait.
 */
export class InFlight {
  readonly #capacity: number;
  readonly #handles = new Map<string, string>();
  #reserved = 0;
  #waiting: (() => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Messages held plus places reserved for receives under way. */
  get used(): number {
    return this.#handles.size + this.#reserved;
  }

  /** Resolves once `count` places are free and reserved; rejects when aborted. First come, first served. */
  async reserve(count: number, signal: AbortSignal): Promise<void> {
    while (this.used + count > this.#capacity) {
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
  admit(reserved: number, messages: readonly InboxMessage[]): InboxMessage[] {
    this.#reserved -= reserved;
    const fresh = messages.filter((message) => {
      const known = this.#handles.has(message.id);
      this.#handles.set(message.id, message.receiptHandle);
      return !known;
    });
    this.#wake();
    return fresh;
  }

  /** The handle to delete a message by. */
  handleOf(id: string): string {
    return this.#handles.get(id) as string;
  }

  /** The message is no longer ours: deleted, or left for SQS to deliver again. */
  done(ids: readonly string[]): void {
    for (const id of ids) this.#handles.delete(id);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
