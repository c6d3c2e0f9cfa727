import type { Check } from '../../src/quality/check.ts';
import type { Finding, Severity } from '../../src/quality/finding.ts';
import type { FlaggedBatch } from '../../src/quality/flagged.ts';
import { readSteering } from '../../src/quality/outcomes/answers.ts';
import { openFlaggedQueue } from '../../src/quality/outcomes/flaggedQueue.ts';
import { groupFindings } from '../../src/quality/outcomes/groupFindings.ts';
import { startTakingFlagged } from '../../src/quality/outcomes/takeFlagged.ts';
import { makeReviewer } from '../../src/quality/review.ts';
import { startReviewing } from '../../src/worker/reviewing.ts';
import { type TestWorkers, testWorkers } from '../worker/workers.ts';

/** Says so of every line that costs more than a hundred; grave enough to hold above a thousand. */
export function costlyLines(): Check & { learned: string[] } {
  const learned: string[] = [];
  return {
    id: 'costly_line',
    version: 1,
    family: 'amounts',
    learned,
    judge: (order) =>
      order.items.flatMap(({ productId, pricePerUnit }, at) => {
        if (Number(pricePerUnit) <= 100) return [];
        const finding: Finding = {
          rule: 'costly_line',
          version: 1,
          path: `items[${at}].price_per_unit`,
          key: productId,
          severity: Number(pricePerUnit) > 1_000 ? 'hold' : 'warn',
          observed: pricePerUnit,
          expected: '0.00 to 100.00',
          from: 12,
          confidence: 0.9,
          fix: [{ path: `items[${at}].price_per_unit`, value: Number(pricePerUnit) / 100 }],
        };
        return [finding];
      }),
    learn: (order) => {
      learned.push(order.orderId);
    },
  };
}

export interface ReviewedWorkers extends TestWorkers {
  check: ReturnType<typeof costlyLines>;
  /** How often batches were handed over. */
  handed: () => number;
}

/** Workers that review, and what groups behind them, on a Redis of their own. */
export async function reviewedWorkers({
  partitions = 1,
  holds = false,
} = {}): Promise<ReviewedWorkers & { start(): Promise<void> }> {
  const check = costlyLines();
  const stops: (() => Promise<void>)[] = [];
  let handed = 0;
  const workers = await testWorkers(partitions, {}, async (redis, tally) => {
    const client = redis.client();
    const queue = await openFlaggedQueue(client, () => {});
    const taking = await startTakingFlagged({
      queueRedis: redis.client(),
      redis: client,
      prove: ({ findings }) => findings,
      onError: () => {},
    });
    stops.push(taking.stop, queue.close);
    return startReviewing({
      reviewer: makeReviewer([check]),
      mayHold: () => holds,
      steering: () => readSteering(client),
      hand: (batch: FlaggedBatch) => {
        handed += 1;
        return queue.hand(batch);
      },
      tally,
      onError: () => {},
    });
  });
  return {
    ...workers,
    check,
    handed: () => handed,
    async stop() {
      // The last batch is handed over by the workers' stop.
      for (const stop of stops) await stop();
      await workers.stop();
    },
  };
}

/** A finding as a check may make it. */
export const aFinding = (changes: Partial<Finding> = {}): Finding => ({
  rule: 'costly_line',
  version: 1,
  path: 'items[0].price_per_unit',
  key: 'P1',
  severity: 'warn' satisfies Severity,
  observed: '250.00',
  expected: '0.00 to 100.00',
  confidence: 0.9,
  ...changes,
});

export { groupFindings };
