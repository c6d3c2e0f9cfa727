import type { Message, OnSafe } from '../source.ts';

/** Messages that become jobs together, of one push or of several. */
export interface Batch {
  messages: readonly Message[];
  /** Who is told of each, in the same order. */
  onSafe: readonly OnSafe[];
}

/** Larger pipelines gain nothing and keep Redis busy for longer. */
export const MAX_BULK = 300;
/** Nor do larger ones in bytes: Redis answers nobody else while it reads one. In characters, which is near enough. */
const MAX_BULK_LENGTH = 4 * 1_048_576;

/** Messages that were pushed and travel with the next bulks, first come, first served. */
export class Waiting {
  readonly #messages: Message[] = [];
  /** Beside the messages, not around them: an object for each would cost more than the pointer. */
  readonly #onSafe: OnSafe[] = [];

  get size(): number {
    return this.#messages.length;
  }

  push(messages: readonly Message[], onSafe: OnSafe): void {
    this.#messages.push(...messages);
    for (let left = messages.length; left > 0; left -= 1) this.#onSafe.push(onSafe);
  }

  /** As many of the first as travel together; one at least, while there is one. */
  take(): Batch {
    const count = bulkSize(this.#messages);
    return { messages: this.#messages.splice(0, count), onSafe: this.#onSafe.splice(0, count) };
  }
}

/**
 * Tells of a batch whose jobs are safe, in one call for neighbours that were pushed with the same function: a source
 * that acknowledges in tens gets them in one piece.
 */
export function tellSafe({ messages, onSafe }: Batch): void {
  let from = 0;
  while (from < messages.length) {
    const tell = onSafe[from] as OnSafe;
    let to = from + 1;
    while (onSafe[to] === tell) to += 1;
    tell(messages.slice(from, to).map((message) => message.id));
    from = to;
  }
}

function bulkSize(waiting: readonly Message[]): number {
  let length = 0;
  const most = waiting.slice(0, MAX_BULK);
  const end = most.findIndex(({ body }, index) => {
    length += body.length;
    return index > 0 && length > MAX_BULK_LENGTH;
  });
  return end === -1 ? most.length : end;
}
