/**
 * Lets receives through while nobody holds it shut. Holders are reasons (`redis`, `backlog`), so that each can
 * close and open it without knowing of the others.
 */
export class Gate {
  readonly #closedBy = new Set<string>();
  #waiting: (() => void)[] = [];

  /** The reasons it is shut for; empty when it is open. */
  get closedBy(): string[] {
    return [...this.#closedBy];
  }

  /** Returns whether that changed anything, so that the caller logs a change once. */
  close(reason: string): boolean {
    if (this.#closedBy.has(reason)) return false;
    this.#closedBy.add(reason);
    return true;
  }

  open(reason: string): boolean {
    if (!this.#closedBy.delete(reason)) return false;
    if (this.#closedBy.size === 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const go of waiting) go();
    }
    return true;
  }

  /** Resolves once it is open; rejects when aborted. */
  async passed(signal: AbortSignal): Promise<void> {
    while (this.#closedBy.size > 0) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const go = () => {
          signal.removeEventListener('abort', go);
          resolve();
        };
        signal.addEventListener('abort', go, { once: true });
        this.#waiting.push(go);
      });
    }
  }
}
