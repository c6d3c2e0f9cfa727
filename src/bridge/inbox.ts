/** What a source of order events delivers. */
export interface InboxMessage {
  id: string;
  body: string;
  /** Needed to delete; every delivery of a message brings a new one, and only the newest is sure to work. */
  receiptHandle: string;
  receiveCount: number;
  /** When the source accepted it, ISO, UTC. */
  sentAt: string;
}

/** How one delete of a batch ended. `rejected` will not get better by trying again. */
export type DeleteOutcome = 'deleted' | 'rejected' | 'try_again';

/** The bridge's only view of its source: SQS today, another one tomorrow. */
export interface Inbox {
  /** Up to `max` (≤ 10) messages, waiting up to `waitSeconds` for the first. Rejects when aborted. */
  receive(max: number, waitSeconds: number, signal: AbortSignal): Promise<InboxMessage[]>;
  /** Up to 10 receipt handles; the answers come in the same order. */
  delete(receiptHandles: readonly string[]): Promise<DeleteOutcome[]>;
  close(): void;
}
