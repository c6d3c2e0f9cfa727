import { once } from 'node:events';
import type { Message, OnSafe, Source } from '../../src/bridge/source.ts';

interface Entry {
  message: Message;
  held: boolean;
}

/**
 * A list of messages that keeps each until it is acknowledged, as every source does in its own way. It outlives the
 * bridges that read from it.
 */
export class MessageList extends EventTarget {
  readonly #entries = new Map<string, Entry>();
  #deliveries = 0;
  #sent = 0;
  /** Acknowledgements on their way; undefined while they arrive at once. */
  #late: string[] | undefined;

  get deliveries(): number {
    return this.#deliveries;
  }

  /** Returns the message's id. */
  send(body: string): string {
    this.#sent += 1;
    const id = `list-${this.#sent}`;
    const message = { id, body, sentAt: new Date().toISOString(), receiveCount: 0 };
    this.#entries.set(id, { message, held: false });
    this.dispatchEvent(new Event('change'));
    return id;
  }

  /** Up to `most` that nobody holds; they are held then. */
  take(most: number): Message[] {
    const taken = [...this.#entries.values()].filter(({ held }) => !held).slice(0, most);
    this.#deliveries += taken.length;
    return taken.map((entry) => {
      entry.held = true;
      entry.message = { ...entry.message, receiveCount: entry.message.receiveCount + 1 };
      return entry.message;
    });
  }

  acknowledge(ids: readonly string[]): void {
    if (this.#late) this.#late.push(...ids);
    else for (const id of ids) this.#entries.delete(id);
    this.dispatchEvent(new Event('change'));
  }

  /** Lets others have what is held. */
  handBack(): void {
    for (const entry of this.#entries.values()) entry.held = false;
    this.dispatchEvent(new Event('change'));
  }

  /** From now on acknowledgements arrive when the returned function is called. */
  delayAcknowledgements(): () => void {
    const late: string[] = [];
    this.#late = late;
    return () => {
      this.#late = undefined;
      this.acknowledge(late);
    };
  }

  left(): { visible: number; hidden: number } {
    const entries = [...this.#entries.values()];
    const hidden = entries.filter(({ held }) => held).length;
    return { visible: entries.length - hidden, hidden };
  }
}

/** Small, so that messages of several pushes travel together. */
const AT_ONCE = 4;
/** What it holds at most: the sink takes everything. */
const MOST_HELD = 200;

/** A second source, as small as the contract allows: it alone reads from its list. */
export function listSource(list: MessageList): Source {
  const stopping = new AbortController();
  const { signal } = stopping;
  let reading: Promise<void> | undefined;

  const read: (...to: Parameters<Source['start']>) => Promise<void> = async (sink) => {
    while (!signal.aborted) {
      await sink.untilOpen(signal);
      const messages = list.left().hidden < MOST_HELD ? list.take(AT_ONCE) : [];
      if (messages.length > 0) sink.push(messages, acknowledging(messages));
      else await once(list, 'change', { signal });
    }
  };

  /** A function for each push: it must hear of its own messages, and of no others. */
  const acknowledging = (messages: readonly Message[]): OnSafe => {
    const pushed = new Set(messages.map(({ id }) => id));
    return (ids) => list.acknowledge(ids.filter((id) => pushed.delete(id)));
  };

  return {
    start(sink) {
      reading = read(sink).catch((error) => {
        if (!signal.aborted) throw error;
      });
    },
    async quiet() {
      stopping.abort();
      await reading;
    },
    async stop() {
      list.handBack();
    },
    health: () => ({ in_flight: list.left().hidden }),
  };
}
