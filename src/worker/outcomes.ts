import type { Logger } from 'winston';
import type { InvalidOrder } from '../orders/invalidOrder.ts';
import { cannotFail, every } from '../runtime/every.ts';
import type { Outcome } from './processOrder.ts';

type Tally = Record<Outcome['outcome'] | 'invalid' | 'failed' | 'retried', number>;

const noTally = (): Tally => ({ counted: 0, duplicate: 0, moved: 0, invalid: 0, failed: 0, retried: 0 });

const LINE_EVERY_MS = 1_000;

/** A fault that says more than that is quoting something. */
const LONGEST_REASON = 500;

/** Counts outcomes and logs one line a second that had any, so that INFO stays readable at any speed. */
export interface OutcomeLog {
  ended(outcome: Outcome['outcome']): void;
  /** A refused order gets a line of its own: ids and reasons, never its text or an address. */
  refused(jobId: string, ids: { orderId: string; userId: string }, error: InvalidOrder): void;
  /** So does one that fails for good by anything else, its attempts used up for example. */
  failed(jobId: string, ids: { orderId: string; userId: string }, attempts: number, error: Error): void;
  retried(jobId: string, error: Error): void;
  stop(): Promise<void>;
}

export function startOutcomeLog(logger: Logger): OutcomeLog {
  let tally = noTally();
  const flush = () => {
    const total = Object.values(tally).reduce((sum, count) => sum + count, 0);
    if (total > 0) logger.info('orders processed', { ...tally });
    tally = noTally();
  };
  const flushing = every(LINE_EVERY_MS, flush, { atOnce: false, onError: cannotFail });
  return {
    ended(outcome) {
      tally[outcome] += 1;
    },
    refused(jobId, ids, error) {
      tally.invalid += 1;
      const paths = error.issues.slice(0, 20).map((issue) => `${issue.code} at ${issue.path || 'the order'}`);
      logger.warn('order refused', { job: jobId, ...ids, reasons: error.reasons, issues: paths });
    },
    failed(jobId, ids, attempts, error) {
      tally.failed += 1;
      const reason = error.message.slice(0, LONGEST_REASON);
      logger.warn('order failed for good', { job: jobId, ...ids, attempts, reason });
    },
    retried(jobId, error) {
      tally.retried += 1;
      logger.debug('order will be retried', { job: jobId, error: error.message });
    },
    async stop() {
      await flushing.stop();
      flush();
    },
  };
}
