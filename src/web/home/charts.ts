import uPlot from 'uplot';
import { element } from '../kit/element.ts';
import { milliseconds, rate, whole } from '../kit/format.ts';
import type { History, Point } from './pulse.ts';

interface Line {
  name: string;
  /** Of tokens.css. */
  colour: string;
  value(point: Point, minutes: number): number | null;
}

export interface ChartOf {
  title: string;
  /** Of what is read at the cursor. */
  unit(value: number): string;
  /** At the axis, where it differs. */
  axisUnit?(value: number): string;
  lines(history: History): Line[];
  bars?: boolean;
}

const perMinute =
  (count: (point: Point) => number) =>
  (point: Point, minutes: number): number =>
    count(point) / minutes;

export const CHARTS: readonly ChartOf[] = [
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
    title: 'Revenue, by the time of counting',
    unit: whole,
    bars: true,
    lines: () => [{ name: 'revenue', colour: '--series-2', value: ({ revenue }) => revenue }],
  },
  {
    title: 'Orders counted',
    unit: whole,
    bars: true,
    lines: () => [{ name: 'orders', colour: '--series-1', value: ({ counted }) => counted }],
  },
];

/** What bars add up: minutes of an hour, hours of a day, days of a month. */
const BAR_SECONDS = { hour: 60, day: 3_600, month: 86_400 } as const;

const HEIGHT = 180;

/** One chart, drawn anew whenever there is something new: hover shows values, dragging zooms, a double click zooms out. */
export function chartView(chart: ChartOf) {
  const place = element('div', { class: 'plot' });
  const empty = element('p', { class: 'state empty', hidden: true }, 'Nothing in this time.');
  const figure = element(
    'figure',
    { class: 'panel chart' },
    element('figcaption', {}, chart.title),
    place,
    empty,
  );
  let plot: uPlot | undefined;
  let shown: History | undefined;

  const draw = () => {
    plot?.destroy();
    plot = undefined;
    if (!shown) return;
    const { points, seconds } = chart.bars
      ? gathered(shown)
      : { points: shown.points, seconds: shown.step_seconds };
    const lines = chart.lines(shown);
    const data = lines.map(({ value }) => points.map((point) => value(point, seconds / 60)));
    const isEmpty = data.every((values) => values.every((value) => value === null || value === 0));
    empty.hidden = !isEmpty;
    place.hidden = isEmpty;
    if (isEmpty) return;
    const times = points.map(({ time }) => Date.parse(time) / 1_000);
    plot = new uPlot(optionsOf(chart, lines, place.clientWidth), [times, ...data], place);
  };
  new ResizeObserver(() => {
    if (plot && plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return {
    figure,
    show(history: History, isNew: boolean) {
      shown = history;
      // Somebody who has zoomed in is looking at something.
      if (!isNew && plot && isZoomed(plot)) return;
      draw();
    },
  };
}

function isZoomed({ data, scales }: uPlot): boolean {
  const [times] = data;
  const { min, max } = scales.x ?? {};
  return (min ?? 0) > (times[0] ?? 0) + 1 || (max ?? 0) < (times.at(-1) ?? 0) - 1;
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

function optionsOf(
  { unit, axisUnit = short, bars }: ChartOf,
  lines: readonly Line[],
  width: number,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  // A canvas knows neither variables nor light-dark(): the browser works the colour out.
  const probe = element('i', { hidden: true });
  document.body.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const axis = {
    stroke: colour('--quiet'),
    font: `12px ${style.getPropertyValue('--sans')}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: Math.max(200, width),
    height: HEIGHT,
    // Times are UTC, as everywhere here.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    cursor: { points: { size: 6 } },
    legend: { live: true },
    hooks: { ready: [tellNewest], setCursor: [tellNewest] },
    scales: { y: { range: (_, min, max) => [Math.min(0, min), max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axis, space: 64, values: (_, times, _axis, _space, step) => times.map((at) => timeOf(at, step)) },
      {
        ...axis,
        size: 64,
        values: (_, values) => values.map((value) => (value === null ? '' : axisUnit(value))),
      },
    ],
    series: [
      {
        label: 'at',
        value: (_, at) =>
          at == null ? '–' : `${new Date(at * 1_000).toISOString().slice(5, 19).replace('T', ' ')}`,
      },
      ...lines.map(({ name, colour: of }) => ({
        label: name,
        stroke: colour(of),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value == null ? '–' : unit(value)),
        ...(bars
          ? { fill: colour(of), paths: uPlot.paths.bars?.({ size: [0.8, 40] }) as uPlot.Series.PathBuilder }
          : {}),
      })),
    ],
  };
  probe.remove();
  return options;
}

/** Without a pointer over it, the legend tells the newest. */
function tellNewest(plot: uPlot): void {
  if (plot.cursor.idx == null) plot.setLegend({ idx: plot.data[0].length - 1 }, false);
}

/** `1,500,000` → `1.5M`: there is little room at an axis. */
const short = (value: number): string => value.toLocaleString('en-US', { notation: 'compact' });

/** The time of day, or the day where a step is one. */
function timeOf(at: number, step: number): string {
  const iso = new Date(at * 1_000).toISOString();
  return step >= 86_400 ? iso.slice(5, 10) : iso.slice(11, 16);
}
