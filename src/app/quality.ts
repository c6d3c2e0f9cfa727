import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import { makeParseOrder } from '../orders/parseOrder.ts';
import type { Fix } from '../quality/finding.ts';
import { rulesPass, withProvenFixes } from '../quality/fixes.ts';
import { isAtLeast } from '../quality/flagged.ts';
import { startAskingModel } from '../quality/outcomes/askModel.ts';
import { startTakingFlagged } from '../quality/outcomes/takeFlagged.ts';
import type { Services } from '../runtime/services.ts';
import { redisErrors } from '../store/redisAdvice.ts';
import type { Tally } from '../telemetry/tally.ts';
import { openChecks } from './checks.ts';
import type { Connect } from './connecting.ts';

export interface QualityStart {
  config: Config;
  services: Services;
  connect: Connect;
  /** By Redis's clock, ms since 1970. */
  now: () => number;
  tally: Pick<Tally, 'clocksDisagree'>;
  logger: Logger;
}

const GROUP_TIMEOUT_MS = 10_000;

/** Starts what looks at flagged orders, on connections of its own. Nothing where orders are not reviewed. */
export async function startQuality(start: QualityStart): Promise<void> {
  const { config, services, connect, now, tally, logger } = start;
  if (config.quality.layers.length === 0) return;
  const onError = redisErrors(logger, 'quality');
  const redis = connect('fail_fast', 'quality', { commandTimeout: GROUP_TIMEOUT_MS });
  const { reviewer } = await openChecks(redis, start);
  const parse = makeParseOrder(config.rules);
  const circumstances = () => ({ now: now(), clockIsWrong: tally.clocksDisagree, trial: true });
  const taking = await startTakingFlagged({
    queueRedis: connect('patient', 'flagged orders'),
    redis,
    prove: ({ order, findings, at }) =>
      withProvenFixes(order, findings, {
        parse,
        receivedAt: new Date(at).toISOString(),
        reviewer,
        circumstances: circumstances(),
      }),
    onError,
  });
  services.add({ name: 'quality', stop: taking.stop });
  if (config.model) {
    const { openReviewer } = await import('../quality/model/reviewer.ts');
    const mends = (order: unknown, fix: readonly Fix[]) => {
      const mended = rulesPass(order, fix, { parse, receivedAt: new Date(now()).toISOString() });
      if (mended === undefined) return false;
      return !reviewer.review(mended, circumstances()).some(({ severity }) => isAtLeast(severity, 'warn'));
    };
    const model = openReviewer({ config: config.model, redis, log: logger, mends });
    const asking = startAskingModel({ redis, model, now, onError });
    services.add({
      name: 'language model',
      quiet: async () => model.close(),
      stop: asking.stop,
    });
  }
  logger.info('quality started', { layers: config.quality.layers, model: config.model?.name });
}
