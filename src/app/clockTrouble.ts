import type { Logger } from 'winston';
import type { Troubles } from '../runtime/troubles.ts';
import { HOUR_MS } from '../runtime/units.ts';
import type { Tally } from '../telemetry/tally.ts';

const TROUBLE = 'clock';

/** Tells, once, that Redis's clock and ours cannot both be right: of the orders that it makes look wrong nobody need hear. */
export function clockTrouble(
  tally: Pick<Tally, 'clockOffsetMs' | 'clocksDisagree'>,
  troubles: Troubles,
  logger: Logger,
): () => void {
  let told = false;
  return () => {
    const { clockOffsetMs, clocksDisagree } = tally;
    if (clocksDisagree === told) return;
    told = clocksDisagree;
    if (!clocksDisagree) {
      troubles.end(TROUBLE);
      logger.info('the clocks agree again');
      return;
    }
    const hours = Math.round(Math.abs(clockOffsetMs) / HOUR_MS);
    const reason = `the clock of Redis is ${hours} hours ${clockOffsetMs < 0 ? 'behind' : 'ahead of'} that of this process`;
    troubles.report(TROUBLE, reason);
    logger.warn('one clock is wrong', { reason });
  };
}
