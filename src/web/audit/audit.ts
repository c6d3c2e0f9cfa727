import { readAddress, showAddress } from '../kit/address.ts';
import { keptKey } from '../kit/apiKey.ts';
import { Trouble } from '../kit/ask.ts';
import { download } from '../kit/download.ts';
import { element, group } from '../kit/element.ts';
import { keyForm } from '../kit/keyForm.ts';
import { load } from '../kit/loadable.ts';
import { showPage } from '../kit/page.ts';
import { failure, viewOf } from '../kit/stateView.ts';
import { applyTheme } from '../kit/theme.ts';
import { auditApi, type Change, FILTERS, type Filters } from './auditApi.ts';
import { changesTable } from './changesTable.ts';

/** The page at /desk/audit: who changed what. The filters are in its address; it knows nothing but what the API says. */

applyTheme();

/** Where the API begins, whatever it is mounted under. This script is at <root>/audit/audit.js. */
const { href: root } = new URL('..', import.meta.url);

const locked = keyForm(
  root,
  { why: 'The audit log is shown to people who are signed in and to holders of a key.', role: 'repair' },
  show,
);
const api = auditApi(root, (why) => {
  known.hidden = true;
  locked.form.hidden = false;
  locked.say(why);
});

const FORMATS: Record<string, string> = {
  csv: 'Export as CSV',
  jsonl: 'Export every entry as JSON lines',
};

const FIELDS: Record<(typeof FILTERS)[number], { title: string; type: string }> = {
  who: { title: 'Who', type: 'search' },
  what: { title: 'What', type: 'search' },
  order: { title: 'Order, run or reason', type: 'search' },
  since: { title: 'From', type: 'date' },
  until: { title: 'Until', type: 'date' },
};
const inputs = Object.entries(FIELDS).map(([name, { type }]) =>
  element('input', { id: name, name, type, autocomplete: 'off', spellcheck: 'false', dir: 'auto' }),
);
const filters = element(
  'form',
  {
    class: 'filters',
    role: 'search',
    'aria-label': 'Filter changes',
    on: {
      submit: (event) => {
        event.preventDefault();
        follow(Object.fromEntries(inputs.map(({ name, value }) => [name, value.trim()])));
      },
    },
  },
  ...inputs.map((input) =>
    element(
      'div',
      { class: 'field' },
      element('label', { for: input.id }, FIELDS[input.name as keyof typeof FIELDS].title),
      input,
    ),
  ),
  element(
    'div',
    { class: 'buttons' },
    element('button', { class: 'main' }, 'Filter'),
    element('button', { type: 'button', on: { click: () => follow({}) } }, 'All'),
  ),
);
const chain = element('div', { class: 'chain', role: 'status' });
const exports = element('div', { class: 'exports' });
const list = element('div', {});
const known = element(
  'div',
  { class: 'view' },
  element('h2', {}, 'Audit log'),
  chain,
  filters,
  exports,
  list,
);
showPage({ root, here: 'desk/audit', keyChanged: show }, locked.form, known);
addEventListener('hashchange', () => {
  if (location.hash !== '#main') show();
});
show();

function follow(values: Record<string, string>): void {
  showAddress({ name: 'changes', values });
  show();
}

function show(): void {
  locked.form.hidden = true;
  known.hidden = false;
  const { values } = readAddress(location.hash);
  const asked: Filters = Object.fromEntries(FILTERS.map((each) => [each, values[each] ?? '']));
  for (const input of inputs) input.value = asked[input.name] ?? '';
  exports.replaceChildren(...['csv', 'jsonl'].map((format) => exportLink(format, asked)));
  void load(api.chain, (state) =>
    chain.replaceChildren(
      viewOf(state, {
        what: 'whether the log is whole',
        ready: ({ state: is, sentence, gaps, oldest, kept_days }) =>
          group(
            element('p', { class: is === 'broken' && 'broken' }, sentence),
            ...gaps
              .slice(0, 5)
              .map(({ id, problem }) => element('p', {}, `${id ?? 'At the end'}: ${problem}.`)),
            oldest !== null &&
              element(
                'p',
                { class: 'hint' },
                `It begins on ${oldest.slice(0, 10)}; entries are kept for ${kept_days} days.`,
              ),
          ),
      }) || '',
    ),
  );
  void load(
    () => api.page(asked),
    (state) =>
      list.replaceChildren(
        viewOf(state, {
          what: 'changes',
          retry: show,
          ready: ({ changes, next_cursor }) => pages(asked, changes, next_cursor),
        }) || '',
      ),
  );
}

/** The changes so far, and a button for those before them. */
function pages(asked: Filters, changes: readonly Change[], cursor: string | null): HTMLElement {
  const isFiltered = Object.values(asked).some(Boolean);
  const place = element('div', {});
  const more = async () => {
    button.setAttribute('aria-disabled', 'true');
    try {
      const next = await api.page(asked, cursor ?? '');
      place.replaceWith(pages(asked, [...changes, ...next.changes], next.next_cursor));
    } catch (error) {
      button.removeAttribute('aria-disabled');
      if (!(error instanceof Trouble)) throw error;
      place.append(failure(error));
    }
  };
  const button = element('button', { type: 'button', on: { click: () => void more() } }, 'Older changes');
  place.append(changesTable(root, changes, isFiltered), ...(cursor === null ? [] : [button]));
  return place;
}

/** A link that can be copied; with a key it is followed by hand, because a link carries none. */
function exportLink(format: string, asked: Filters): HTMLElement {
  const href = api.exportAddress(format, asked);
  const link = element('a', { href, download: `audit.${format}` }, FORMATS[format] ?? format);
  link.addEventListener('click', (event) => {
    if (keptKey() === '') return;
    event.preventDefault();
    void api.file(href).then(
      (text) => download(`audit.${format}`, 'text/plain', text),
      (error: unknown) => {
        if (error instanceof Trouble) exports.append(failure(error));
      },
    );
  });
  return link;
}
