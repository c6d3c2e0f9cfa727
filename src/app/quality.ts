import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import { startTakingFlagged } from '../quality/outcomes/takeFlagged.ts';
import type { Services } from '../runtime/services.ts';
import { redisErrors } from '../store/redisAdvice.ts';
import type { Connect } from './connecting.ts';

export interface QualityStart {
  config: Config;
  services: Services;
  connect: Connect;
  logger: Logger;
}

const GROUP_TIMEOUT_MS = 10_000;

/** Starts what looks at flagged orders, on connections of its own. Nothing where orders are not reviewed. */
export async function startQuality({ config, services, connect, logger }: QualityStart): Promise<void> {
  if (config.quality.layers.length === 0) return;
  const onError = redisErrors(logger, 'quality');
  const redis = connect('fail_fast', 'quality', { commandTimeout: GROUP_TIMEOUT_MS });
  const taking = await startTakingFlagged({
    queueRedis: connect('patient', 'flagged orders'),
    redis,
    mends: () => false,
    onError,
  });
  services.add({ name: 'quality', stop: taking.stop });
  logger.info('quality started', { layers: config.quality.layers });
}
