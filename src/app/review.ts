import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import { readSteering } from '../quality/outcomes/answers.ts';
import { openFlaggedQueue } from '../quality/outcomes/flaggedQueue.ts';
import { sightingsExchange } from '../quality/outcomes/sightings.ts';
import type { Services } from '../runtime/services.ts';
import { redisErrors } from '../store/redisAdvice.ts';
import type { Tally } from '../telemetry/tally.ts';
import { type Reviewing, startReviewing } from '../worker/reviewing.ts';
import { openChecks } from './checks.ts';
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
  const { layers, holds } = config.quality;
  if (layers.length === 0) return undefined;
  const redis = connect('fail_fast', 'review', { commandTimeout: HAND_TIMEOUT_MS });
  const onError = redisErrors(logger, 'review');
  const queue = await openFlaggedQueue(redis, onError);
  services.add({ name: 'queue of flagged orders', stop: queue.close });
  const { reviewer, ids, declared, baselines } = await openChecks(redis, start);
  for (const rule of holds) {
    if (rule !== 'all' && !ids.has(rule)) logger.warn('QUALITY_HOLD names no rule there is', { rule });
  }
  return startReviewing({
    reviewer,
    mayHold: (rule) => holds.includes(rule) || holds.includes('all'),
    steering: () => readSteering(redis),
    hand: queue.hand,
    ...(baselines ? { warmth: () => baselines.warmth() } : {}),
    ...(declared ? { exchange: sightingsExchange(redis, declared) } : {}),
    tally,
    onError,
  });
}
