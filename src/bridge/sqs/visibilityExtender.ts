import { every, type Repetition } from '../../runtime/every.ts';
import { INBOX_BATCH, type Inbox } from './inbox.ts';
import type { InFlight } from './inFlight.ts';

/**
 * Keeps messages hidden from other bridges for as long as this one holds them, in tens, once half of their
 * visibility timeout is over. Without it, a long outage of Redis would use up the receives of what we hold.
 */
export class VisibilityExtender {
  readonly #inbox: Inbox;
  readonly #inFlight: InFlight;
  readonly #visibilitySeconds: number;
  readonly #onError: (error: Error) => void;
  #extending: Repetition | undefined;

  constructor(inbox: Inbox, inFlight: InFlight, visibilitySeconds: number, onError: (error: Error) => void) {
    this.#inbox = inbox;
    this.#inFlight = inFlight;
    this.#visibilitySeconds = visibilitySeconds;
    this.#onError = onError;
  }

  start(): void {
    const everyMs = (this.#visibilitySeconds * 1_000) / 8;
    this.#extending = every(everyMs, () => this.#extend(), { atOnce: false, onError: this.#onError });
  }

  async stop(): Promise<void> {
    await this.#extending?.stop();
  }

  /** Hands back what is still held, so that another bridge gets it now and not after the timeout. */
  async release(): Promise<void> {
    const ids = this.#inFlight.ids();
    await this.#hide(ids, 0);
    this.#inFlight.done(ids);
  }

  async #extend(): Promise<void> {
    const now = Date.now();
    const kept = await this.#hide(this.#inFlight.soonVisible(now), this.#visibilitySeconds);
    this.#inFlight.hiddenAgain(kept, now);
  }

  /** Returns the ids for which that worked. The others become visible, which is safe, only not tidy. */
  async #hide(ids: readonly string[], seconds: number): Promise<string[]> {
    const worked: string[] = [];
    const batches: Promise<void>[] = [];
    for (let from = 0; from < ids.length; from += INBOX_BATCH) {
      batches.push(this.#hideBatch(ids.slice(from, from + INBOX_BATCH), seconds, worked));
    }
    await Promise.all(batches);
    return worked;
  }

  async #hideBatch(batch: readonly string[], seconds: number, worked: string[]): Promise<void> {
    const ids = batch.filter((id) => this.#inFlight.handlesOf([id])[0] !== undefined);
    if (ids.length === 0) return;
    try {
      const outcomes = await this.#inbox.hide(this.#inFlight.handlesOf(ids) as string[], seconds);
      worked.push(...ids.filter((_, index) => outcomes[index] === 'done'));
    } catch (error) {
      this.#onError(error as Error);
    }
  }
}
