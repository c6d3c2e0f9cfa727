import { randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { runCampaign } from '../scripts/chaos/campaign.ts';
import { makeSchedule } from '../scripts/chaos/schedule.ts';
import { failure } from '../scripts/chaos/summary.ts';

/** The last is played on a Redis Cluster. */
const FIXED = [1, 2, 3, 4, 5, 520];
const RANDOM = randomInt(0x1_0000_0000);

describe('whatever crashes, in whatever order', () => {
  it(`every order is counted once, recognised or refused: schedules ${FIXED.join(', ')} and ${RANDOM}`, async () => {
    const results = await runCampaign({ seeds: [...FIXED, RANDOM], jobs: 2 });
    const wrong = results.filter(({ differences }) => differences.length > 0);
    expect(wrong.map(failure)).toEqual([]);
    expect(results).toHaveLength(FIXED.length + 1);
  }, 300_000);

  it('a schedule can be played again: its seed decides everything in it', () => {
    expect(makeSchedule(7)).toEqual(makeSchedule(7));
    expect(makeSchedule(7)).not.toEqual(makeSchedule(8));
  });
});
