import { action } from '../kit/action.ts';
import { keptKey } from '../kit/apiKey.ts';
import { download } from '../kit/download.ts';
import { element } from '../kit/element.ts';
import { keyForm } from '../kit/keyForm.ts';
import { load } from '../kit/loadable.ts';
import { showPage } from '../kit/page.ts';
import { viewOf } from '../kit/stateView.ts';
import { applyTheme } from '../kit/theme.ts';
import { type Answers, analyticsApi } from './analyticsApi.ts';
import { type Filters, filterForm, queryOf, readFilters } from './filters.ts';
import { PANELS, type Panel } from './panels.ts';

/** The page at /analytics: what only the orders themselves can tell. What is shown stands in its address. */

applyTheme();

/** Where the API begins, whatever it is mounted under. This script is at <root>/analytics/analytics.js. */
const { href: root } = new URL('..', import.meta.url);

const locked = keyForm(
  root,
  { why: 'Figures are shown to people who are signed in and to holders of an API key.', role: 'read' },
  () => show(),
);
const api = analyticsApi(root, (why) => {
  known.hidden = true;
  locked.form.hidden = false;
  locked.say(why);
});

const places = PANELS.map(placeOf);
const known = element(
  'div',
  { class: 'view' },
  element('h2', {}, 'Analytics'),
  filterForm(() => show()),
  element('div', { class: 'columns' }, ...places.map(({ section }) => section)),
);

/** The server says so in the page: asked, it would refuse, which browsers report as an error. */
const isTold = (name: string): boolean => document.querySelector(`meta[name="${name}"]`) !== null;
if (isTold('history')) showPage({ root, here: 'analytics', keyChanged: () => {} }, howToSwitchOn());
else {
  showPage({ root, here: 'analytics', keyChanged: () => show() }, locked.form, known);
  const isLocked = isTold('api-key') && keptKey() === '';
  known.hidden = isLocked;
  locked.form.hidden = !isLocked;
  if (!isLocked) show();
}

function show(): void {
  locked.form.hidden = true;
  known.hidden = false;
  const filters = readFilters();
  for (const place of places) place.show(filters);
}

/** Where the answer of one question is drawn. What comes back for an address that is no more is dropped. */
function placeOf(panel: Panel<keyof Answers>) {
  const { what, title, isWide, draw } = panel;
  const content = element('div', {});
  const summary = element('summary', {}, 'The same as a table');
  const details = element('details', {}, summary);
  const pathOf = (filters: Filters) => queryOf(filters, panel.query?.(filters));
  const file = action(
    'CSV',
    async () => download(`${what}.csv`, 'text/csv', await api.csv(what, pathOf(readFilters()))),
    { class: 'small', 'aria-label': `${title} as CSV` },
  );
  let asked = '';
  const show = (filters: Filters) => {
    const query = pathOf(filters);
    const now = JSON.stringify(filters);
    asked = now;
    void load(
      () => api.of(what, query),
      (loaded) => {
        if (asked !== now) return;
        details.hidden = loaded.state !== 'ready';
        const view = viewOf(loaded, {
          what: 'figures',
          retry: () => show(filters),
          ready: (answer) => {
            const { picture, numbers } = draw(answer, filters);
            details.hidden = numbers === undefined;
            details.replaceChildren(summary, ...(numbers ? [numbers] : []));
            return picture;
          },
        });
        content.replaceChildren(...(view ? [view] : []));
      },
    );
  };
  const section = element(
    'section',
    { class: isWide ? 'panel block wide' : 'panel block', 'aria-labelledby': `of-${what}` },
    element('div', { class: 'head' }, element('h3', { id: `of-${what}` }, title), file.button),
    file.said,
    content,
    details,
  );
  return { section, show };
}

function howToSwitchOn(): HTMLElement {
  return element(
    'div',
    { class: 'view off' },
    element('h2', {}, 'Analytics'),
    element(
      'p',
      {},
      'No history is kept here, and without one there are totals but no orders to ask. It is kept from the moment on at which it is switched on: with a PostgreSQL of yours, or with one that is started here.',
    ),
    element(
      'pre',
      {},
      'DATABASE_URL=postgres://orders:secret@db.example:5432/orders order-pipeline\nHISTORY=embedded order-pipeline',
    ),
  );
}
