import { describe, expect, it } from '@jest/globals';
import { clockTrouble } from '../../src/app/clockTrouble.ts';
import { declaredChecks } from '../../src/quality/declared/declaredChecks.ts';
import { makeReviewer } from '../../src/quality/review.ts';
import { NO_STEERING } from '../../src/quality/steering.ts';
import { Troubles } from '../../src/runtime/troubles.ts';
import { Tally } from '../../src/telemetry/tally.ts';
import { startReviewing } from '../../src/worker/reviewing.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { anOrderOf } from './judging.ts';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
/** What time it is. */
const TRUE = Date.parse('2026-06-20T12:00:00Z');
const iso = (ms: number) => new Date(ms).toISOString();

/** What a worker says of an order's time, by clocks that are so far off; `sent`: when SQS took it, as SQS has it. */
async function said(
  { own = 0, redis = 0 }: { own?: number; redis?: number },
  timestamp: number,
  sent: string | undefined = iso(TRUE),
): Promise<string[]> {
  const tally = new Tally(() => TRUE + own);
  tally.clockOffsetMs = redis - own;
  const reviewing = startReviewing({
    reviewer: makeReviewer(declaredChecks().checks),
    mayHold: () => false,
    steering: async () => NO_STEERING,
    hand: async () => true,
    tally,
    onError: (error) => {
      throw error;
    },
  });
  const order = anOrderOf({ order_timestamp: iso(timestamp) });
  const data = { message: { id: 'm', sentAt: sent }, order: {} };
  const findings = reviewing.judge(order, data).map(({ rule }) => rule);
  await reviewing.stop();
  return findings.filter((rule) => /^time_|^epoch/.test(rule));
}

describe('the time of an order, judged by clocks that disagree', () => {
  const LATER = TRUE + 48 * HOUR_MS;

  it.each([0, -YEAR_MS, YEAR_MS])('by that of Redis, where a worker’s own is %d ms off', async (own) => {
    expect(await said({ own }, TRUE)).toEqual([]);
    expect(await said({ own }, LATER)).toEqual(['time_in_future']);
    expect(await said({ own }, TRUE / 1_000)).toEqual(['epoch_seconds_as_milliseconds']);
    // One that has waited for two weeks says no less.
    expect(await said({ own }, LATER, iso(TRUE - 14 * 24 * HOUR_MS))).toEqual(['time_in_future']);
  });

  it.each([-YEAR_MS, YEAR_MS])('not at all, where that of Redis is %d ms off', async (redis) => {
    for (const timestamp of [TRUE, LATER, TRUE / 1_000, TRUE + 2 * YEAR_MS]) {
      expect(await said({ redis }, timestamp)).toEqual([]);
      expect(await said({ redis }, timestamp, 'nobody knows')).toEqual([]);
      expect(await said({ redis }, timestamp, undefined)).toEqual([]);
    }
  });

  it.each([-14 * HOUR_MS, 14 * HOUR_MS])('by that of Redis, where they are %d ms apart', async (redis) => {
    expect(await said({ redis }, LATER)).toEqual(['time_in_future']);
    expect(await said({ redis }, TRUE)).toEqual([]);
  });

  it('and it is one trouble and one line, until they agree again', () => {
    const tally = new Tally(() => TRUE);
    const troubles = new Troubles(() => TRUE);
    const { logger, lines } = collectingLogger();
    const look = clockTrouble(tally, troubles, logger);
    const compare = (...offsets: number[]) => {
      for (const offset of offsets) {
        tally.clockOffsetMs = offset;
        look();
      }
    };
    compare(0, -14 * HOUR_MS);
    expect([troubles.current, lines]).toEqual([[], []]);
    compare(-YEAR_MS, -YEAR_MS + 5, -YEAR_MS - 5);
    const reason = 'the clock of Redis is 8760 hours behind that of this process';
    expect(troubles.current).toEqual([{ what: 'clock', since: iso(TRUE), reason }]);
    compare(3);
    expect(troubles.current).toEqual([]);
    expect(lines.map((line) => JSON.parse(line).message)).toEqual([
      'one clock is wrong',
      'the clocks agree again',
    ]);
    logger.close();
  });
});
