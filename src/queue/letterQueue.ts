/** A message that was given up, as it was received for a while. */
export interface Letter {
  id: string;
  body: string;
  /** ISO, UTC. */
  sentAt: string;
  /** This time included. */
  receiveCount: number;
  /** It came from another inbox that shares the queue. */
  isForeign: boolean;
}

/** The source's own move of the messages, as it tells of it. */
export interface Move {
  handle: string | undefined;
  state: 'running' | 'done' | 'cancelled' | 'failed';
  moved: number;
  total: number | undefined;
  why: string | undefined;
}

/** Where the messages lie that the inbox gave up, and their way back. What it rejects with, `isOfSqs` knows. */
export interface LetterQueue<L extends Letter = Letter> {
  /** Undefined when the inbox has no dead-letter queue. By SQS's approximate counts. */
  look(): Promise<
    { queue: string; visible: number; hidden: number; givesUpAfter: number | undefined } | undefined
  >;
  /** Up to ten, hidden from others for so many seconds. */
  take(holdSeconds: number): Promise<L[]>;
  /** Hands them back at once. */
  release(letters: readonly L[]): Promise<void>;
  /** Sends copies to the inbox, body and attributes the same. Returns those that were sent. */
  copyBack(letters: readonly L[]): Promise<L[]>;
  remove(letters: readonly L[]): Promise<void>;
  /** Begins the source's own move. Undefined where there is no such thing. */
  startMove(rate: number | undefined): Promise<string | undefined>;
  /** The newest one; undefined when there was none, or there is no such thing. */
  lastMove(): Promise<Move | undefined>;
  cancelMove(handle: string): Promise<void>;
}

/** What SQS refused, or that it did not answer; the message says what to do. */
export const isOfSqs = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'SqsRefusal';
