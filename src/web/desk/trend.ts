import { drawn, element } from '../kit/element.ts';
import { counted, whole } from '../kit/format.ts';

const HEIGHT = 24;
/** An hour is so wide, with the gap behind it. */
const STEP = 3;

/**
 * A bar for each of the last hours, the one under way on the right: whether orders go on failing for it. Those who do not
 * see it are told the same in a sentence. Nothing where none failed in them.
 */
export function trend(hours: readonly number[]): HTMLElement | false {
  const most = Math.max(0, ...hours);
  if (most === 0) return false;
  const words = trendInWords(hours);
  const width = hours.length * STEP;
  const svg = drawn(
    'svg',
    { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: 'img', 'aria-label': words },
    drawn('title', {}, words),
    ...hours.map((orders, at) => bar(orders, at, most)),
  );
  return element('span', { class: 'trend' }, svg);
}

/** At least so high that one order beside thousands is seen; a line on the ground where there was none. */
function bar(orders: number, at: number, most: number): SVGElement {
  const height = orders === 0 ? 1 : Math.max(3, Math.round((HEIGHT * orders) / most));
  return drawn('rect', {
    class: orders === 0 ? 'none' : 'some',
    x: at * STEP,
    y: HEIGHT - height,
    width: STEP - 1,
    height,
  });
}

/** `In the last 48 hours 120 orders failed first, most of them 42 hours ago (100), 3 in this hour` */
export function trendInWords(hours: readonly number[]): string {
  const sum = hours.reduce((total, orders) => total + orders, 0);
  const most = Math.max(0, ...hours);
  const ago = hours.length - 1 - hours.lastIndexOf(most);
  const when = ago === 0 ? 'in this hour' : `${counted(ago, 'hour')} ago`;
  const now = ago === 0 ? '' : `, ${whole(hours.at(-1) ?? 0)} in this hour`;
  return `In the last ${hours.length} hours ${counted(sum, 'order')} failed first, most of them ${when} (${whole(most)})${now}`;
}
