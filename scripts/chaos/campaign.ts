import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyBuild } from './build.ts';
import { runSchedule, type ScheduleResult } from './runSchedule.ts';
import { makeSchedule } from './schedule.ts';
import { startSurvivor } from './survivor.ts';

export interface CampaignOptions {
  seeds: readonly number[];
  /** Schedules side by side. */
  jobs: number;
  onResult?: (result: ScheduleResult) => void;
  /** Hears of everything that happens in a schedule, with the seconds since its start. */
  onEvent?: (seed: number, seconds: number, event: string) => void;
}

/** Plays a schedule per seed, each on a Redis, an inbox and processes of its own. Leaves nothing behind. */
export async function runCampaign(options: CampaignOptions): Promise<ScheduleResult[]> {
  const { jobs, onResult = () => {}, onEvent = () => {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'order-pipeline-chaos-'));
  // Also when a signal ends us in the middle; the survivor ends the processes then.
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const survivor = await startSurvivor();
  try {
    const main = await copyBuild(join(folder, 'product'));
    const seeds = [...options.seeds];
    const results: ScheduleResult[] = [];
    const worker = async () => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const result = await runOne(seed);
        results.push(result);
        onResult(result);
      }
    };
    const runOne = async (seed: number) => {
      const started = performance.now();
      const own = join(folder, String(seed));
      try {
        return await runSchedule({
          schedule: makeSchedule(seed),
          survivor,
          main,
          folder: own,
          queue: `chaos-${seed}`,
          onEvent: (event) => onEvent(seed, (performance.now() - started) / 1_000, event),
        });
      } finally {
        rmSync(own, { recursive: true, force: true });
      }
    };
    await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, worker));
    return results;
  } finally {
    await survivor.stop();
    process.off('exit', remove);
    remove();
  }
}

/** The command that plays a schedule again. */
export const replay = (seed: number): string => `npm run chaos -- --seed ${seed}`;
