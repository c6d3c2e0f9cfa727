/**
 * Fault schedules: real processes, a real Redis and an SQS, everything killed, frozen, cut off and lied to in an
 * order that a seed decides, and then the totals and the job sets compared with a model of what was sent.
 *
 *   npm run chaos -- --schedules 1000 [--from 1] [--jobs 2]
 *   npm run chaos -- --seed 7          plays one schedule and tells what happens in it
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import { type CampaignResult, runCampaign } from './chaos/campaign.ts';
import { failure, summary } from './chaos/summary.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    schedules: { type: 'string', default: '20' },
    from: { type: 'string', default: String(randomInt(0x1_0000_0000 - 1_000_000)) },
    jobs: { type: 'string', default: '2' },
  },
});

const whole = (name: 'seed' | 'schedules' | 'from' | 'jobs', least: number): number => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least && value < 0x1_0000_0000) return value;
  console.error(`--${name} must be a whole number from ${least}, got ${JSON.stringify(values[name])}`);
  process.exit(2);
};

const single = values.seed !== undefined;
const from = single ? whole('seed', 0) : whole('from', 0);
const seeds = Array.from({ length: single ? 1 : whole('schedules', 1) }, (_, index) => from + index);

console.log(single ? `Schedule ${from}` : `Schedules ${from} to ${from + seeds.length - 1}`);
const started = performance.now();
const bar = new SingleBar({
  format: '{bar} {value}/{total} schedules, {wrong} wrong',
  hideCursor: true,
  noTTYOutput: !single,
  notTTYSchedule: 15_000,
  clearOnComplete: false,
});
let wrong = 0;
const played: CampaignResult[] = [];
const end = () => {
  bar.stop();
  console.log(`\n${summary(played, (performance.now() - started) / 1_000)}`);
  process.exit(wrong === 0 && played.length === seeds.length ? 0 : 1);
};
// A campaign cut short still tells what it has seen.
process.once('SIGINT', end).once('SIGTERM', end);
if (!single) bar.start(seeds.length, 0, { wrong });

await runCampaign({
  seeds,
  jobs: whole('jobs', 1),
  onResult(result) {
    played.push(result);
    if (result.differences.length > 0) {
      wrong += 1;
      console.log(`\n${failure(result)}`);
    }
    if (!single) bar.increment(1, { wrong });
  },
  ...(single && {
    onEvent: (_, seconds, event) => console.log(`${seconds.toFixed(2).padStart(7)} s  ${event}`),
  }),
});
end();
