import { drawn } from '../kit/element.ts';
import type { Group } from './qualityApi.ts';

const WIDTH = 320;
const HEIGHT = 48;
const MIDDLE = HEIGHT / 2;

/** What is expected as a band, and what was seen as dots, on one line; undefined where either is no amount. */
export function picture({ path, seen, expected }: Group): SVGSVGElement | undefined {
  // Ids of digits are no amounts.
  if (!/(?:quantity|price_per_unit|order_value)$/.test(path)) return undefined;
  const dots = seen.map(({ observed }) => seenIn(observed)).filter((value) => value !== undefined);
  const range = rangeIn(expected);
  if (dots.length === 0 || range === undefined) return undefined;
  const [low, high] = range;
  // Errors of a factor of ten or a hundred are what this is about: beside them a band on a plain scale is a line.
  const all = [...dots, low, high];
  const isWide = Math.min(...all) > 0 && Math.max(...all) / Math.min(...all) > 8;
  const scale = (value: number) => (isWide ? Math.log(value) : value);
  const [from, to] = [Math.min(...all.map(scale)), Math.max(...all.map(scale))];
  const x = (value: number) => 8 + ((scale(value) - from) / (to - from || 1)) * (WIDTH - 16);
  return drawn(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: 'picture',
      role: 'img',
      'aria-label': `Seen ${spread(dots)}, expected ${expected}`,
      preserveAspectRatio: 'none',
    },
    drawn('line', { class: 'axis', x1: 8, x2: WIDTH - 8, y1: MIDDLE, y2: MIDDLE }),
    drawn('rect', {
      class: 'range',
      x: x(low) - 1,
      width: Math.max(3, x(high) - x(low) + 2),
      y: MIDDLE - 12,
      height: 24,
      rx: 3,
    }),
    ...dots.map((value) => drawn('ellipse', { class: 'dot', cx: x(value), cy: MIDDLE, rx: 4, ry: 5 })),
  );
}

const spread = (values: readonly number[]): string =>
  values.length === 1 ? String(values[0]) : `${Math.min(...values)} to ${Math.max(...values)}`;

/** `12.5, and as far off in 5 orders before` → 12.5; a time begins with digits and is none. */
export function seenIn(observed: string): number | undefined {
  const [, amount] = /^(\d+(?:\.\d+)?)(?:$|, )/.exec(observed) ?? [];
  return amount === undefined ? undefined : Number(amount);
}

/** `1.85 to 4.25`, `about 3 in this order`, `at most 100`. Other text has numbers that bound nothing, as a line's in `items[0]`. */
export function rangeIn(expected: string): [low: number, high: number] | undefined {
  const [, how, first, second] =
    /^(about |at most )?(\d+(?:\.\d+)?)(?: to (\d+(?:\.\d+)?))?(?:$|, as | in this order$)/.exec(expected) ??
    [];
  if (first === undefined) return undefined;
  return [how === 'at most ' ? 0 : Number(first), Number(second ?? first)];
}
