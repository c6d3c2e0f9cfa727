import { alone } from '../kit/alone.ts';
import { drawn } from '../kit/element.ts';

const WIDTH = 160;
const HEIGHT = 32;
/** As many as can be told apart. */
const MOST = 120;

/** A line of an hour, without axes: whether it rises, falls or stands still. Missing values are gaps. */
export function sparkline(values: readonly (number | null)[]): SVGSVGElement {
  const shown = thinned(values);
  const most = Math.max(1, ...shown.map((value) => value ?? 0));
  const x = (at: number) => ((at * WIDTH) / Math.max(1, shown.length - 1)).toFixed(1);
  const y = (value: number) => (HEIGHT - 1 - (value * (HEIGHT - 3)) / most).toFixed(1);
  const dots = new Set(alone(shown));
  let path = '';
  shown.forEach((value, at) => {
    if (value === null) return;
    path += `${shown[at - 1] == null ? 'M' : 'L'}${x(at)} ${y(value)}${dots.has(at) ? 'h0' : ''}`;
  });
  return drawn(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'spark', 'aria-hidden': 'true', preserveAspectRatio: 'none' },
    drawn('path', {
      d: path,
      fill: 'none',
      'vector-effect': 'non-scaling-stroke',
      'stroke-linecap': 'round',
    }),
  );
}

/** The largest of each group: a peak must not vanish. */
function thinned(values: readonly (number | null)[]): (number | null)[] {
  const size = Math.ceil(values.length / MOST);
  return Array.from({ length: Math.ceil(values.length / size) || 0 }, (_, at) => {
    const known = values.slice(at * size, (at + 1) * size).filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  });
}
