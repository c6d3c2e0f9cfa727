import { element } from './element.ts';

const PLACES = [
  ['', 'Live'],
  ['desk', 'Failed orders'],
  ['analytics', 'Analytics'],
  ['quality', 'Quality'],
  ['desk/audit', 'Audit log'],
  ['admin/queues', 'Jobs'],
  ['docs', 'API'],
  ['health', 'Health'],
  ['metrics', 'Metrics'],
] as const;

export type Place = (typeof PLACES)[number][0];

/** Where one can go from every page. `root`: where the API begins; `here`: the place that is shown. */
export const siteNav = (root: string, here: Place): HTMLElement =>
  element(
    'nav',
    { 'aria-label': 'Pages' },
    ...PLACES.map(([to, title]) =>
      element('a', { href: `${root}${to}`, 'aria-current': to === here && 'page' }, title),
    ),
  );
