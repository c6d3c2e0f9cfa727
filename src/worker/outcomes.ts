import type { Logger } from 'winston';
import { type InvalidOrder, REASONS, type Reason } from '../orders/invalidOrder.ts';
import { cannotFail, every } from '../runtime/every.ts';
import { refusedFor } from '../telemetry/figures.ts';
import type { Tally } from '../telemetry/tally.ts';
import type { Outcome } from './processOrder.ts';
import { refusalLog } from './refusalLog.ts';

interface Ids {
  orderId: string;
  userId: string;
}

const LINE_EVERY_MS = 1_000;
const REFUSALS_EVERY_MS = 60_000;

/** A fault that says more than that is quoting something. */
const LONGEST_REASON = 500;

/** Counts outcomes and logs one line a second that had any, so that INFO stays readable at any speed. */
export interface OutcomeLog {
  ended(outcome: Outcome['outcome']): void;
  /** Refused orders are told by their causes, see refusalLog.ts. */
  refused(
    jobId: string,
    partition: number,
    order: Ids & { worth: number | undefined },
    error: InvalidOrder,
  ): void;
  /** One that fails for good by anything else, its attempts used up for example, gets a line of its own. */
  failed(jobId: string, attempts: number, error: Error): void;
  retried(jobId: string, error: Error): void;
  stop(): Promise<void>;
}

export function startOutcomeLog(logger: Logger, tally: Tally): OutcomeLog {
  const countsNow = () => ({
    counted: tally.countOf('counted'),
    duplicate: tally.countOf('duplicate'),
    moved: tally.countOf('moved'),
    invalid: REASONS.reduce((sum, reason) => sum + tally.countOf(refusedFor(reason)), 0),
    failed: tally.countOf('failed'),
    retried: tally.countOf('retried'),
  });
  let told = countsNow();
  const flush = () => {
    const counts = countsNow();
    const grown = Object.entries(counts).map(([name, count]) => [
      name,
      count - told[name as keyof typeof told],
    ]);
    if (grown.some(([, count]) => (count as number) > 0))
      logger.info('orders processed', Object.fromEntries(grown));
    told = counts;
  };
  const flushing = every(LINE_EVERY_MS, flush, { atOnce: false, onError: cannotFail });
  const refusals = refusalLog(logger);
  const telling = every(REFUSALS_EVERY_MS, refusals.tell, { atOnce: false, onError: cannotFail });
  return {
    ended(outcome) {
      tally.add(outcome);
    },
    refused(jobId, partition, { worth, orderId, userId }, error) {
      const [reason] = error.reasons as [Reason];
      tally.refused({ job_id: jobId, partition, order_id: orderId, user_id: userId, reason }, worth);
      refusals.add({ job: jobId, orderId }, error.issues);
    },
    failed(jobId, attempts, error) {
      tally.add('failed');
      const reason = error.message.slice(0, LONGEST_REASON);
      logger.warn('order failed for good', { job: jobId, attempts, reason });
    },
    retried(jobId, error) {
      tally.add('retried');
      logger.debug('order will be retried', { job: jobId, error: error.message });
    },
    async stop() {
      await Promise.all([flushing.stop(), telling.stop()]);
      flush();
      refusals.tell();
    },
  };
}
