import uPlot from 'uplot';
import { alone } from './alone.ts';
import { element } from './element.ts';

export interface ChartOf {
  title: string;
  /** Of what is read at the cursor. */
  unit(value: number): string;
  /** At the axis, where it differs. */
  axisUnit?(value: number): string;
  bars?: boolean;
  /** Said in place of a chart without anything in it. */
  empty: string;
}

/** What a chart shows: values of each line at the same times, seconds since 1970. */
export interface Drawn {
  times: number[];
  lines: Line[];
}

export interface Line {
  name: string;
  /** Of tokens.css. */
  colour: string;
  values: (number | null)[];
}

const HEIGHT = 180;

/**
 * One chart: hover shows values, dragging zooms, a double click zooms out. Newer values come into the one that is there,
 * so that whoever points at it goes on reading; it is made anew only for other lines, or other colours.
 */
export function chartView(chart: ChartOf) {
  const place = element('div', { class: 'plot' });
  const empty = element('p', { class: 'state empty', hidden: true }, chart.empty);
  const figure = element(
    'figure',
    { class: 'panel chart' },
    element('figcaption', {}, chart.title),
    place,
    empty,
  );
  let plot: uPlot | undefined;
  let shown: Drawn | undefined;

  const draw = () => {
    plot?.destroy();
    plot = undefined;
    if (!shown) return;
    const nothing = isEmpty(shown);
    empty.hidden = !nothing;
    place.hidden = nothing;
    if (nothing) return;
    plot = new uPlot(optionsOf(chart, shown.lines, place.clientWidth), dataOf(shown), place);
  };
  new ResizeObserver(() => {
    if (plot && plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return {
    figure,
    /** `isNew`: of another time than what was shown. */
    show(drawn: Drawn, isNew: boolean) {
      const isOfSame = !isNew && shown !== undefined && namesOf(shown) === namesOf(drawn);
      shown = drawn;
      // Somebody who has zoomed in is looking at something.
      if (plot && !isNew && isZoomed(plot)) return;
      if (plot && isOfSame && !isEmpty(drawn)) plot.setData(dataOf(drawn));
      else draw();
    },
  };
}

const namesOf = ({ lines }: Drawn): string => lines.map(({ name }) => name).join('\n');

const isEmpty = ({ lines }: Drawn): boolean =>
  lines.every(({ values }) => values.every((value) => value === null || value === 0));

const dataOf = ({ times, lines }: Drawn): uPlot.AlignedData => [times, ...lines.map(({ values }) => values)];

function isZoomed({ data, scales }: uPlot): boolean {
  const [times] = data;
  const { min, max } = scales.x ?? {};
  return (min ?? 0) > (times[0] ?? 0) + 1 || (max ?? 0) < (times.at(-1) ?? 0) - 1;
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
    hooks: { ready: [tellNewest], setData: [tellNewest], setCursor: [tellNewest] },
    scales: {
      // The first and the last bar are seen whole.
      ...(bars ? { x: { range: (plot: uPlot, min: number, max: number) => widened(plot, min, max) } } : {}),
      y: { range: (_, min, max) => [Math.min(0, min), max > 0 ? max * 1.08 : 1] },
    },
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
        points: {
          show: false,
          size: 4,
          filter: (plot: uPlot, at: number) => alone([...(plot.data[at] ?? [])]),
        },
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

function widened({ data: [times] }: uPlot, min: number, max: number): [number, number] {
  const half = Math.max(1, (times[1] ?? 0) - (times[0] ?? 0)) / 2;
  return [Math.max(min, times[0] ?? 0) - half, Math.min(max, times.at(-1) ?? 0) + half];
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
