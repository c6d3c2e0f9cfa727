import { columns } from '../../src/cli/kit/print.ts';
import { type CampaignResult, replay } from './campaign.ts';
import type { Difference } from './compare.ts';
import { POINT_NAMES } from './points.ts';
import type { RepairRun } from './repairer.ts';

/** A campaign in figures. */
export function summary(results: readonly CampaignResult[], seconds: number): string {
  const sum = (of: (result: CampaignResult) => number) =>
    results.reduce((total, result) => total + of(result), 0);
  const faults = new Map<string, number>();
  for (const result of results) {
    for (const [kind, times] of result.faults) faults.set(kind, (faults.get(kind) ?? 0) + times);
  }
  const byName = [...faults].sort(([one], [other]) => one.localeCompare(other));
  const rows: [string, number | string][] = [
    ['schedules', results.length],
    ['messages sent', sum(({ messages }) => messages)],
    ["operators' edits and retries", sum(({ operations }) => operations)],
    ['runs of repairs', sum(({ repairs }) => repairs.length)],
    ['  orders meant by them', sum(({ repairs }) => over(repairs, ({ orders }) => orders))],
    ['  orders sent by them', sum(({ repairs }) => over(repairs, ({ counts }) => counts.sent))],
    ['faults injected', byName.reduce((total, [, times]) => total + times, 0)],
    ...byName.map(([kind, times]): [string, number] => [`  ${kind}`, times]),
    ['processes that ended by themselves', sum(({ exits }) => exits.length)],
    ['orders lost', sum(({ differences }) => most(differences, 'lost'))],
    ['orders counted twice', sum(({ differences }) => most(differences, 'double'))],
    ['schedules with anything wrong', results.filter(({ differences }) => differences.length > 0).length],
    ['seconds per schedule', (sum((result) => result.seconds) / Math.max(1, results.length)).toFixed(1)],
    ['seconds', seconds.toFixed(0)],
  ];
  const table = columns(
    rows.map(([what, figure]) => [what, String(figure)]),
    [1],
  );
  // Beside the table: few schedules leave many out, and their names would be its widest figure.
  const missed = POINT_NAMES.filter((name) => !faults.has(`killed ${name}`));
  const exits = [...new Set(results.flatMap((result) => result.exits))].map(
    (words) => `\nended with: ${words}`,
  );
  return `${table}\npoints never reached: ${missed.join(', ') || 'none'}${exits.join('')}`;
}

const over = (runs: readonly RepairRun[], of: (run: RepairRun) => number): number =>
  runs.reduce((total, run) => total + of(run), 0);

/** What a failed schedule found, and how to see it again. */
export function failure({ seed, differences, output }: CampaignResult): string {
  const found = differences.map(({ kind, what }) => `  ${kind}: ${what}`);
  return [`Schedule ${seed} went wrong. Again: ${replay(seed)}`, ...found, ...output].join('\n');
}

/** The same orders are missing in many places at once: the place that misses most tells how many. */
function most(differences: readonly Difference[], kind: Difference['kind']): number {
  return Math.max(0, ...differences.filter((each) => each.kind === kind).map(({ orders }) => orders));
}
