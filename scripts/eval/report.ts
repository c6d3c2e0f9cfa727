import type { ModelResult } from './askModel.ts';
import { HELD_OUT } from './corruptions.ts';
import type { Seen } from './persistent.ts';
import { ALL_KINDS, type CleanTally, type KindTally, openedOf, type RunResult } from './run.ts';

const share = (part: number, whole: number): string => (whole === 0 ? '' : (part / whole).toFixed(3));
const perThousand = (part: number, whole: number): string =>
  whole === 0 ? '' : ((1_000 * part) / whole).toFixed(2);

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** The middle one of some seeds' figures, and where they lie. */
function over(results: readonly RunResult[], of: (result: RunResult) => string): string {
  const values = results.map(of).filter((value) => value !== '');
  values.sort((a, b) => Number(a) - Number(b));
  const [least, middle, most] = [values[0], values[values.length >> 1], values.at(-1)];
  if (middle === undefined) return '';
  return least === most ? middle : `${middle} (${least} to ${most})`;
}

/** What was found of each kind that was put in; one result a seed. */
export function recallTable(results: readonly RunResult[]): string {
  const rows = ALL_KINDS.map(({ id, name }) => {
    const cell = (of: (kind: KindTally) => string) =>
      over(results, ({ kinds }) => of(kinds.get(id) as KindTally));
    return [
      id === HELD_OUT.id ? `${name} (held out)` : name,
      cell(({ tried }) => String(tried)),
      cell(({ hit, tried }) => share(hit, tried)),
      cell(({ warmHit, warmTried }) => share(warmHit, warmTried)),
      cell(({ refused, tried }) => share(refused, tried)),
      cell(({ mad, tried }) => share(mad, tried)),
      cell(({ fixes }) => String(fixes)),
      cell(({ exact, fixes }) => share(exact, fixes)),
    ];
  });
  return table(
    ['kind', 'tried', 'recall', 'warm', 'refused by the rules alone', 'median ± MAD', 'fixes', 'exact'],
    rows,
  );
}

/** What it says of orders in which nothing was put; a row a prevalence, of some seeds each. */
export function falseAlarmTable(runs: readonly (readonly RunResult[])[]): string {
  const columns: Record<string, (clean: CleanTally) => [part: number, whole: number]> = {
    'flagged per 1,000': (clean) => [clean.flagged, clean.orders],
    'less prices that really moved': ({ small, large, orders }) => [small.falsely + large.falsely, orders],
    'of 3 lines or fewer': ({ small }) => [small.flagged, small.orders],
    'of these less moved': ({ small }) => [small.falsely, small.orders],
    'of more lines': ({ large }) => [large.flagged, large.orders],
    'of those less moved': ({ large }) => [large.falsely, large.orders],
    'per 1,000 lines': (clean) => [clean.flaggedLines, clean.lines],
    'new groups per 1,000 orders': (clean) => [openedOf(clean).length, clean.orders],
    'new groups less moved': (clean) => [openedOf(clean).filter(({ real }) => !real).length, clean.orders],
    'rare ones besides': (clean) => [clean.groups.size - openedOf(clean).length, clean.orders],
    'orders with a fix offered per 1,000': (clean) => [clean.fixes, clean.orders],
    'cold lines flagged per 1,000 lines': (clean) => [clean.cold, clean.lines],
    'hold-grade per 1,000': (clean) => [clean.holdGrade, clean.orders],
    'median ± MAD per 1,000': (clean) => [clean.byMad, clean.orders],
  };
  const rows = runs.map((results) => [
    `${100 * (results[0] as RunResult).prevalence} %`,
    over(results, ({ clean }) => String(clean.orders)),
    ...Object.values(columns).map((of) => over(results, ({ clean }) => perThousand(...of(clean)))),
  ]);
  return table(['put in', 'clean orders', ...Object.keys(columns)], rows);
}

/** Of what is flagged, how much is wrong. */
export function precisionTable(runs: readonly (readonly RunResult[])[]): string {
  const columns: Record<string, (result: RunResult) => [part: number, whole: number]> = {
    found: ({ put }) => [put.flagged, put.orders],
    precision: ({ put, clean }) => [put.flagged, put.flagged + clean.flagged],
    'base rate: precision of chance': ({ put, clean }) => [put.orders, clean.orders + put.orders],
    'precision of the rules alone': ({ put }) => [put.refused, put.refused],
    'found by them': ({ put }) => [put.refused, put.orders],
    'precision of median ± MAD': ({ put, clean }) => [put.byMad, put.byMad + clean.byMad],
    'found by it': ({ put }) => [put.byMad, put.orders],
  };
  const rows = runs.map((results) => [
    `${100 * (results[0] as RunResult).prevalence} %`,
    over(results, ({ put }) => String(put.orders)),
    ...Object.values(columns).map((of) => over(results, (result) => share(...of(result)))),
  ]);
  return table(['put in', 'orders', ...Object.keys(columns)], rows);
}

export const rulesTable = ({ clean }: RunResult): string =>
  table(
    ['rule', 'findings on clean orders', 'per 1,000 orders'],
    [...clean.byRule]
      .sort((a, b) => b[1] - a[1])
      .map(([rule, times]) => [rule, times, perThousand(times, clean.orders)]),
  );

/** What a language model says of findings. */
export const modelTable = ({ rows }: ModelResult): string =>
  table(
    ['put in', 'shown', 'called a defect', 'plausible', 'unsure', 'no answer'],
    rows.map(({ kind, shown, defect, plausible, unsure, unanswered }) => [
      kind,
      shown,
      defect,
      plausible,
      unsure,
      unanswered,
    ]),
  );

export const persistentTable = (rows: readonly (readonly [string, Seen])[]): string =>
  table(
    ['goes on', 'tried', 'told in time', 'orders until then (median)', 'findings each'],
    rows.map(([name, { tried, within, median, findings }]) => [
      name,
      tried,
      within,
      median,
      findings.toFixed(1),
    ]),
  );
