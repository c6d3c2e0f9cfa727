/** What a source delivers: the text of an order, and what is known of its way here. */
export interface Message {
  /** The same at every delivery. Its job is named after it, which is how a second delivery is recognised. */
  id: string;
  body: string;
  /** When the source accepted it, ISO, UTC. */
  sentAt: string;
  /** Deliveries so far, this one included. */
  receiveCount: number;
  /** Which span of the sender's trace it belongs to, as W3C Trace Context says it; only asked for while traces are on. */
  traceparent?: string;
}

/**
 * Hears the ids of messages whose jobs are safe: from then on, and not before, they may be acknowledged. Never throws.
 * Of a message that no job came of before the stop it never hears; that one must be delivered again.
 */
export type OnSafe = (ids: readonly string[]) => void;

/** Where a source pushes its messages to. */
export interface Sink {
  /**
   * Takes everything, at once: it is the source that bounds what it has pushed and not heard of as safe. A message may
   * be pushed again at any time. Messages pushed with the same function are told of in one call when they became safe
   * together. `more` says that further messages are on their way, so that waiting a moment for them pays.
   */
  push(messages: readonly Message[], onSafe: OnSafe, more?: boolean): void;
  /**
   * Resolves once messages are wanted, at once as a rule; rejects when aborted. To be awaited before messages are
   * taken from where they are safe: while the queue is too long or Redis away, that is the better place for them.
   */
  untilOpen(signal: AbortSignal): Promise<void>;
}

/** Where orders come from, at least once each. How it is read, held and acknowledged is its own. */
export interface Source {
  /** Begins to push. Called once; nothing runs before. A source that cannot be reached is waited for, and said so. */
  start(sink: Sink): void;
  /** Takes no more messages; resolves when the last were pushed. May be called again. */
  quiet(): Promise<void>;
  /**
   * After `quiet`, when nothing becomes safe any more: acknowledges what is, hands back the rest so that others get it
   * now, and closes. Within five seconds, whatever answers.
   */
  stop(): Promise<void>;
  /** Its figures for GET /health, named in snake_case. */
  health(): object;
}
