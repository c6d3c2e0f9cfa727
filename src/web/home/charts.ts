import type { ChartOf, Drawn } from '../kit/chartView.ts';
import { milliseconds, rate, whole } from '../kit/format.ts';
import type { History, Point } from './pulse.ts';

interface LineOf {
  name: string;
  /** Of tokens.css. */
  colour: string;
  value(point: Point, minutes: number): number | null;
}

interface HistoryChart extends Omit<ChartOf, 'empty'> {
  lines(history: History): LineOf[];
}

const perMinute =
  (count: (point: Point) => number) =>
  (point: Point, minutes: number): number =>
    count(point) / minutes;

export const CHARTS: readonly HistoryChart[] = [
  {
    title: 'Orders a minute',
    unit: rate,
    lines: () => [
      { name: 'received', colour: '--series-1', value: perMinute(({ received }) => received) },
      { name: 'counted', colour: '--series-2', value: perMinute(({ counted }) => counted) },
      { name: 'duplicates', colour: '--series-3', value: perMinute(({ duplicate }) => duplicate) },
      { name: 'refused', colour: '--series-4', value: perMinute(({ refused }) => refused) },
    ],
  },
  {
    title: 'Refused a minute, by reason',
    unit: rate,
    lines: ({ points }) => {
      const sums = new Map<string, number>();
      for (const { refused_by_reason } of points)
        for (const [reason, count] of Object.entries(refused_by_reason))
          sums.set(reason, (sums.get(reason) ?? 0) + count);
      const most = [...sums].sort(([, a], [, b]) => b - a).slice(0, 5);
      return most.map(([reason], at) => ({
        name: reason.replaceAll('_', ' '),
        colour: `--series-${at + 1}`,
        value: perMinute(({ refused_by_reason }) => refused_by_reason[reason] ?? 0),
      }));
    },
  },
  {
    title: 'From sent to counted',
    unit: milliseconds,
    axisUnit: milliseconds,
    lines: () => [
      { name: 'half within', colour: '--series-2', value: ({ latency_p50_ms }) => latency_p50_ms },
      { name: '95 % within', colour: '--series-3', value: ({ latency_p95_ms }) => latency_p95_ms },
      { name: '99 % within', colour: '--series-4', value: ({ latency_p99_ms }) => latency_p99_ms },
    ],
  },
  {
    title: 'Waiting',
    unit: whole,
    lines: () => [
      { name: 'in the inbox', colour: '--series-1', value: ({ inbox_visible }) => inbox_visible },
      { name: 'in the queue', colour: '--series-2', value: ({ waiting }) => waiting },
      { name: 'for an operator', colour: '--series-4', value: ({ failed_waiting }) => failed_waiting },
    ],
  },
  {
    title: 'Revenue, by the time it was counted',
    unit: whole,
    bars: true,
    lines: () => [{ name: 'revenue', colour: '--series-2', value: ({ revenue }) => revenue }],
  },
  {
    title: 'Orders, by the time they were counted',
    unit: whole,
    bars: true,
    lines: () => [{ name: 'orders', colour: '--series-1', value: ({ counted }) => counted }],
  },
];

/** What bars add up: minutes of an hour, hours of a day, days of a month. */
const BAR_SECONDS = { hour: 60, day: 3_600, month: 86_400 } as const;

/** What one of them shows of what went on. */
export function drawnFrom({ lines, bars }: HistoryChart, history: History): Drawn {
  const { points, seconds } = bars
    ? gathered(history)
    : { points: history.points, seconds: history.step_seconds };
  return {
    times: points.map(({ time }) => Date.parse(time) / 1_000),
    lines: lines(history).map(({ name, colour, value }) => ({
      name,
      colour,
      values: points.map((point) => value(point, seconds / 60)),
    })),
  };
}

function gathered({ points, span, step_seconds }: History): { points: Point[]; seconds: number } {
  const seconds = BAR_SECONDS[span];
  const bars = new Map<number, Point>();
  for (const point of points) {
    const at = Math.floor(Date.parse(point.time) / 1_000 / seconds) * seconds;
    const bar = bars.get(at);
    if (bar) {
      bar.revenue += point.revenue;
      bar.counted += point.counted;
    } else bars.set(at, { ...point, time: new Date(at * 1_000).toISOString() });
  }
  return { points: [...bars.values()], seconds: Math.max(seconds, step_seconds) };
}
