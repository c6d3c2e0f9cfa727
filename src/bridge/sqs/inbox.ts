import type { Message } from '../source.ts';

export interface InboxMessage extends Message {
  /** Needed to delete; every delivery of a message brings a new one, and only the newest is sure to work. */
  receiptHandle: string;
}

/** How one entry of a batch ended. `rejected` will not get better by trying again. */
export type EntryOutcome = 'done' | 'rejected' | 'try_again';

/** The calls to SQS that the source rests on. Every one rejects when it takes too long. */
export interface Inbox {
  /** Up to `max` (≤ 10) messages, waiting up to `waitSeconds` for the first. Rejects when aborted. */
  receive(max: number, waitSeconds: number, signal: AbortSignal): Promise<InboxMessage[]>;
  /** Up to 10 receipt handles; the outcomes come in the same order. */
  delete(receiptHandles: readonly string[]): Promise<EntryOutcome[]>;
  /** Hides up to 10 messages for so many seconds from now; 0 hands them back at once. */
  hide(receiptHandles: readonly string[], seconds: number): Promise<EntryOutcome[]>;
  close(): void;
}

/** SQS takes this many per call, and a call costs the same for one. */
export const INBOX_BATCH = 10;
