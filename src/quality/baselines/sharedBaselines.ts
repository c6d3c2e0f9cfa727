import type { Cluster, Redis } from 'ioredis';
import type { Check } from '../check.ts';

/** What this process judged since it started: silence on cold baselines is no health. */
export interface Warmth {
  /** Lines of orders that were judged. */
  lines: number;
  /** Of them, those whose product had been seen often enough to be judged by itself. */
  warmLines: number;
  /** Products in memory, of at most as many as there is room for. */
  products: number;
}

export interface SharedBaselines {
  /** One for each rule that is learned; together they look at an order once. */
  checks: readonly Check[];
  warmth(): Warmth;
  /**
   * A person said that findings of this rule and key are wrong: what they flagged is normal from now on, for every
   * worker. Resolves when Redis has it.
   */
  readmit(rule: string, key: string): Promise<void>;
  /** Forgets what a rule has learned of a key, or, without a key, of all of them, for every worker. */
  reset(rule: string, key?: string): Promise<void>;
  /** Sends what was learned and not sent yet, and receives no more. May be called twice. */
  close(): Promise<void>;
}

export interface BaselineParts {
  /** Fails fast: learning waits for the next turn, judging never waits. */
  redis: Redis | Cluster;
  /** Hears what a turn failed over. What was learned in it is not lost. */
  onError: (error: Error) => void;
  /** Products in memory, 50,000 unless said otherwise; the least recently seen leaves. */
  maxProducts?: number;
}

/** Loads what all workers have learned, and keeps it the same in all of them. */
export type OpenBaselines = (parts: BaselineParts, pace?: Pace) => Promise<SharedBaselines>;

export interface Pace {
  /** How often a worker looks whether it has something to send. */
  turnMs: number;
  /** It sends 100 orders or more at once, or fewer so long after it sent last. */
  sendWithinMs: number;
  /** With nothing to send, it reads what others sent. */
  readWithinMs: number;
  /** Entries of the log after which a snapshot takes their place. */
  longestLog: number;
}
