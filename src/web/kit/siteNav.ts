import { element } from './element.ts';

const PLACES = [
  ['', 'Live'],
  ['desk', 'Failed orders'],
  ['desk/audit', 'Audit log'],
  ['admin/queues', 'Jobs'],
  ['docs', 'API'],
  ['health', 'Health'],
  ['metrics', 'Metrics'],
] as const;

/** Where one can go from every page. `root`: where the API begins; `here`: the place that is shown. */
export const siteNav = (root: string, here: (typeof PLACES)[number][0]): HTMLElement =>
  element(
    'nav',
    { 'aria-label': 'Pages' },
    ...PLACES.map(([to, title]) =>
      element('a', { href: `${root}${to}`, 'aria-current': to === here && 'page' }, title),
    ),
  );
