import { askJson, type Trouble } from '../kit/ask.ts';
import { type ChartOf, chartView, type Drawn } from '../kit/chartView.ts';
import { element } from '../kit/element.ts';
import { rate, whole } from '../kit/format.ts';
import { failure } from '../kit/stateView.ts';
import { table } from '../kit/table.ts';

const DAYS = 30;
const DAY_MS = 86_400_000;
/** No oftener: each asks Redis for as many days. */
const AGAIN_MS = 60_000;

/** A day of /stats/series. */
interface Day {
  /** `2026-01-31` */
  period: string;
  orders: number;
  revenue: number;
}

const EMPTY = `No order of the last ${DAYS} days has been counted.`;

const CHARTS: readonly (ChartOf & { line: Omit<Drawn['lines'][number], 'values'>; of(day: Day): number })[] =
  [
    {
      title: `Revenue, by the order's own day, ${DAYS} days`,
      unit: whole,
      bars: true,
      empty: EMPTY,
      line: { name: 'revenue', colour: '--series-2' },
      of: ({ revenue }) => revenue,
    },
    {
      title: `Orders, by their own day, ${DAYS} days`,
      unit: whole,
      bars: true,
      empty: EMPTY,
      line: { name: 'orders', colour: '--series-1' },
      of: ({ orders }) => orders,
    },
  ];

/**
 * What was ordered on which day, as the stats count it: by the time in the order, where the pulse goes by the time of
 * counting. `nowOf` is the time of the newest pulse, ISO.
 */
export function orderDays(root: string, keyOf: () => string, nowOf: () => string, isOpen: () => boolean) {
  const charts = CHARTS.map((chart) => ({ chart, view: chartView(chart) }));
  const trouble = element('div', {});
  const rows = element('div', {});
  const details = element(
    'details',
    { class: 'numbers', on: { toggle: () => list() } },
    element('summary', {}, `The last ${DAYS} days, by the order's own day, as a table`),
    rows,
  );
  let days: Day[] | undefined;

  const look = async () => {
    const last = Date.parse(nowOf());
    const [from, to] = [last - (DAYS - 1) * DAY_MS, last].map((at) =>
      new Date(at).toISOString().slice(0, 10),
    );
    const url = `${root}stats/series?granularity=day&start_date=${from}&end_date=${to}`;
    try {
      days = (await askJson<{ points: Day[] }>(url, { key: keyOf() })).points;
      trouble.replaceChildren();
      const times = days.map(({ period }) => Date.parse(period) / 1_000);
      for (const { chart, view } of charts)
        view.show({ times, lines: [{ ...chart.line, values: days.map(chart.of) }] }, false);
      if (details.open) list();
    } catch (error) {
      // What was there stays true until there is a newer one.
      if (!days) trouble.replaceChildren(failure(error as Trouble, () => void look()));
    }
  };
  const list = () => {
    if (days) rows.replaceChildren(tableOf(days));
  };
  setInterval(() => {
    if (!document.hidden && isOpen()) void look();
  }, AGAIN_MS);
  return {
    figures: charts.map(({ view }) => view.figure),
    trouble,
    details,
    restart: () => void look(),
  };
}

const tableOf = (days: readonly Day[]): HTMLElement =>
  table<Day>({
    label: "Orders and revenue by the order's own day, newest first",
    rows: days.filter(({ orders }) => orders > 0).reverse(),
    empty: EMPTY,
    columns: [
      { title: 'Day (UTC)', cell: ({ period }) => period },
      { title: 'Orders', isNumber: true, cell: ({ orders }) => whole(orders) },
      { title: 'Revenue', isNumber: true, cell: ({ revenue }) => rate(revenue) },
    ],
  });
