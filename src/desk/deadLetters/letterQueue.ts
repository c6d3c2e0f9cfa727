/** A message that was given up. */
export interface Letter {
  id: string;
  body: string;
  sentAt: string;
  receiveCount: number;
  isForeign: boolean;
}

/** What the desk needs of the inbox's dead-letter queue; bridge/sqs/deadLetters.ts says what each does. */
export interface LetterQueue<L extends Letter = Letter> {
  look(): Promise<
    { queue: string; visible: number; hidden: number; givesUpAfter: number | undefined } | undefined
  >;
  take(holdSeconds: number): Promise<L[]>;
  release(letters: readonly L[]): Promise<void>;
  copyBack(letters: readonly L[]): Promise<L[]>;
  remove(letters: readonly L[]): Promise<void>;
  startMove(rate: number | undefined): Promise<string | undefined>;
  lastMove(): Promise<
    | {
        handle: string | undefined;
        state: 'running' | 'done' | 'cancelled' | 'failed';
        moved: number;
        total: number | undefined;
        why: string | undefined;
      }
    | undefined
  >;
  cancelMove(handle: string): Promise<void>;
}

/** What SQS refused, or that it did not answer; the message says what to do. */
export const isOfSqs = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'SqsRefusal';
