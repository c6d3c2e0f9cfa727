import { HELD_OUT } from './corruptions.ts';
import type { Seen } from './persistent.ts';
import { ALL_KINDS, type RunResult } from './run.ts';

const share = (part: number, whole: number): string => (whole === 0 ? '' : (part / whole).toFixed(3));
const perThousand = (part: number, whole: number): string =>
  whole === 0 ? '' : ((1_000 * part) / whole).toFixed(2);

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** What was found of each kind that was put in. */
export function recallTable({ kinds }: RunResult): string {
  const rows = ALL_KINDS.map(({ id, name }) => {
    const kind = kinds.get(id);
    if (!kind) throw new Error(`${id} was not tried`);
    return [
      id === HELD_OUT.id ? `${name} (held out)` : name,
      kind.tried,
      share(kind.hit, kind.tried),
      share(kind.warmHit, kind.warmTried),
      share(kind.refused, kind.tried),
      share(kind.mad, kind.tried),
      kind.fixes,
      share(kind.exact, kind.fixes),
    ];
  });
  return table(
    ['kind', 'tried', 'recall', 'warm', 'refused by the rules alone', 'median ± MAD', 'fixes', 'exact'],
    rows,
  );
}

/** What it says of orders in which nothing was put. */
export function falseAlarmTable(runs: readonly RunResult[]): string {
  const rows = runs.map(({ prevalence, clean }) => [
    `${100 * prevalence} %`,
    clean.orders,
    perThousand(clean.flagged, clean.orders),
    `${perThousand(clean.small.flagged, clean.small.orders)} (${clean.small.flagged} of ${clean.small.orders})`,
    perThousand(clean.large.flagged, clean.large.orders),
    perThousand(clean.flaggedLines, clean.lines),
    perThousand(clean.groups.size, clean.orders),
    perThousand([...clean.groups.values()].filter((orders) => orders > 1).length, clean.orders),
    perThousand(clean.fixes, clean.orders),
    perThousand(clean.cold, clean.lines),
    perThousand(clean.holdGrade, clean.orders),
    perThousand(clean.byMad, clean.orders),
  ]);
  return table(
    [
      'put in',
      'clean orders',
      'flagged per 1,000',
      'of 3 lines or fewer',
      'of more',
      'per 1,000 lines',
      'new groups per 1,000 orders',
      'of them of two orders or more',
      'orders with a fix offered per 1,000',
      'cold lines flagged per 1,000 lines',
      'hold-grade per 1,000',
      'median ± MAD per 1,000',
    ],
    rows,
  );
}

/** Of what is flagged, how much is wrong. */
export function precisionTable(runs: readonly RunResult[]): string {
  const rows = runs.map(({ prevalence, clean, put }) => {
    const orders = clean.orders + put.orders;
    return [
      `${100 * prevalence} %`,
      put.orders,
      share(put.flagged, put.orders),
      share(put.flagged, put.flagged + clean.flagged),
      share(put.orders, orders),
      share(put.refused, put.refused),
      share(put.refused, put.orders),
      share(put.byMad, put.byMad + clean.byMad),
      share(put.byMad, put.orders),
    ];
  });
  return table(
    [
      'put in',
      'orders',
      'found',
      'precision',
      'base rate: precision of chance',
      'precision of the rules alone',
      'found by them',
      'precision of median ± MAD',
      'found by it',
    ],
    rows,
  );
}

export const rulesTable = ({ clean }: RunResult): string =>
  table(
    ['rule', 'findings on clean orders', 'per 1,000 orders'],
    [...clean.byRule]
      .sort((a, b) => b[1] - a[1])
      .map(([rule, times]) => [rule, times, perThousand(times, clean.orders)]),
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
