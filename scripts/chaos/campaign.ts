import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyBuild } from './build.ts';
import { type HistoryServer, startHistoryServer } from './historyServer.ts';
import { runSchedule, type ScheduleResult } from './runSchedule.ts';
import { makeSchedule } from './schedule.ts';
import { startSurvivor } from './survivor.ts';

export type CampaignResult = ScheduleResult & { seconds: number };

export interface CampaignOptions {
  seeds: readonly number[];
  /** Schedules side by side. */
  jobs: number;
  onResult?: (result: CampaignResult) => void;
  /** Hears of everything that happens in a schedule, with the seconds since its start. */
  onEvent?: (seed: number, seconds: number, event: string) => void;
}

/** Plays a schedule per seed, each on a Redis, an inbox and processes of its own. Leaves nothing behind. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult[]> {
  const { jobs, onResult = () => {}, onEvent = () => {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'order-pipeline-chaos-'));
  // Also when a signal ends us in the middle; the survivor ends the processes then.
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const survivor = await startSurvivor();
  let historyServer: HistoryServer | undefined;
  try {
    // As root PostgreSQL runs as somebody else, who has to come through here.
    chmodSync(folder, 0o711);
    const history = await startHistoryServer(folder);
    historyServer = history;
    const main = await copyBuild(join(folder, 'product'));
    const seeds = [...options.seeds];
    const results: CampaignResult[] = [];
    const worker = async () => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const result = await runOne(seed);
        results.push(result);
        onResult(result);
      }
    };
    const runOne = async (seed: number): Promise<CampaignResult> => {
      const started = performance.now();
      const seconds = () => (performance.now() - started) / 1_000;
      const own = join(folder, String(seed));
      const queue = `chaos-${seed}`;
      const tell = (event: string) => onEvent(seed, seconds(), event);
      try {
        const schedule = makeSchedule(seed);
        const result = await runSchedule({
          schedule,
          survivor,
          historyServer: history,
          main,
          folder: own,
          queue,
          onEvent: tell,
        });
        return { ...result, seconds: seconds() };
      } catch (error) {
        return { ...unplayed(seed, error as Error), seconds: seconds() };
      } finally {
        rmSync(own, { recursive: true, force: true });
      }
    };
    await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, worker));
    return results;
  } finally {
    await historyServer?.stop().catch(() => {});
    await survivor.stop();
    process.off('exit', remove);
    remove();
  }
}

/** Something in the machinery failed: the schedule says nothing, and must not pass for a good one. */
function unplayed(seed: number, error: Error): ScheduleResult {
  const what = `could not be played: ${error.stack ?? error.message}`;
  return {
    seed,
    messages: 0,
    faults: new Map(),
    exits: [],
    operations: 0,
    repairs: [],
    differences: [{ kind: 'wrong', orders: 0, what }],
    output: [],
  };
}

/** The command that plays a schedule again. */
export const replay = (seed: number): string => `npm run chaos -- --seed ${seed}`;
