import { drawn } from '../kit/element.ts';

const WIDTH = 320;
const HEIGHT = 48;
const MIDDLE = HEIGHT / 2;

/** What is expected as a band, and what was seen as dots, on one line; undefined where either is no number. */
export function picture(seen: readonly { observed: string }[], expected: string): SVGSVGElement | undefined {
  const dots = seen.map(({ observed }) => numbersIn(observed)[0]).filter((value) => value !== undefined);
  const range = numbersIn(expected).slice(0, 2);
  if (dots.length === 0 || range.length === 0) return undefined;
  const [low, high] = [Math.min(...range), Math.max(...range)];
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

/** `1.85 to 4.25` → both; a share such as `97 %` is a number too, an id with digits in it is none. */
const numbersIn = (text: string): number[] =>
  [...text.matchAll(/(?<![\p{L}\d_.-])-?\d+(?:\.\d+)?(?![\p{L}\d_])/gu)].map(([number]) => Number(number));
