import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import type { Check } from '../quality/check.ts';
import { readSteering } from '../quality/outcomes/answers.ts';
import { openFlaggedQueue } from '../quality/outcomes/flaggedQueue.ts';
import { makeReviewer } from '../quality/review.ts';
import type { Services } from '../runtime/services.ts';
import { redisErrors } from '../store/redisAdvice.ts';
import type { Tally } from '../telemetry/tally.ts';
import { type Reviewing, startReviewing } from '../worker/reviewing.ts';
import type { Connect } from './connecting.ts';

export interface ReviewStart {
  config: Config;
  services: Services;
  connect: Connect;
  tally: Tally;
  logger: Logger;
}

/** What is found leaves within this, or is lost: no order waits for it. */
const HAND_TIMEOUT_MS = 5_000;

/** The review of a worker process; undefined where none is wanted. */
export async function openReview(start: ReviewStart): Promise<Reviewing | undefined> {
  const { config, services, connect, tally, logger } = start;
  if (config.quality.layers.length === 0) return undefined;
  const redis = connect('fail_fast', 'review', { commandTimeout: HAND_TIMEOUT_MS });
  const onError = redisErrors(logger, 'review');
  const queue = await openFlaggedQueue(redis, onError);
  services.add({ name: 'queue of flagged orders', stop: queue.close });
  const checks = await openChecks(redis, start);
  const reviewer = makeReviewer(checks, {
    // Not its message: it may quote the order.
    onFault: (check, error) =>
      logger.error('a check of orders failed and is left out of that review', {
        check,
        error: error instanceof Error ? error.name : typeof error,
      }),
  });
  return startReviewing({
    reviewer,
    mayHold: config.quality.mayHold,
    steering: () => readSteering(redis),
    hand: queue.hand,
    tally,
    onError,
  });
}

async function openChecks(_redis: Redis | Cluster, _start: ReviewStart): Promise<readonly Check[]> {
  return [];
}
