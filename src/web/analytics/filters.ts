import { labelled } from '../kit/action.ts';
import { element } from '../kit/element.ts';

const BY = { revenue: 'Revenue', orders: 'Orders', quantity: 'Quantity' } as const;
const SHOW = { share: 'Share of users', users: 'Users', revenue: 'Revenue' } as const;

/** What stands in the page's address. Days are YYYY-MM-DD; both are '' for all orders. */
export interface Filters {
  start_date: string;
  end_date: string;
  by: keyof typeof BY;
  show: keyof typeof SHOW;
}

export function readFilters(): Filters {
  const asked = new URLSearchParams(location.search);
  const given = (name: string) => asked.get(name) ?? '';
  const isOf = <Word extends string>(words: Readonly<Record<Word, string>>, text: string): text is Word =>
    Object.hasOwn(words, text);
  const [by, show] = [given('by'), given('show')];
  const day = (name: string) => /^\d{4}-\d{2}-\d{2}$/.exec(given(name))?.[0] ?? '';
  return {
    start_date: day('start_date'),
    end_date: day('end_date'),
    by: isOf(BY, by) ? by : 'revenue',
    show: isOf(SHOW, show) ? show : 'share',
  };
}

/** What is asked for. One end of a range stands for both: until today, or since ever. */
export function queryOf({ start_date, end_date }: Filters, more: Record<string, string> = {}): string {
  const range =
    start_date === '' && end_date === ''
      ? {}
      : {
          start_date: start_date || '0001-01-01',
          end_date: end_date || new Date().toISOString().slice(0, 10),
        };
  const query = new URLSearchParams({ ...range, ...more }).toString();
  return query === '' ? '' : `?${query}`;
}

/** The form that says what is shown; `changed` hears of what differs then. */
export function filterForm(changed: (filters: Filters) => void): HTMLFormElement {
  const now = readFilters();
  const day = (name: 'start_date' | 'end_date') =>
    element('input', {
      id: name,
      name,
      type: 'date',
      value: now[name],
      max: '9999-12-31',
      min: '0001-01-01',
    });
  const choice = (name: 'by' | 'show', words: Readonly<Record<string, string>>) =>
    element(
      'select',
      { id: name, name },
      ...Object.entries(words).map(([value, title]) =>
        element('option', { value, selected: value === now[name] }, title),
      ),
    );
  const take = () => {
    const address = new URL(location.href);
    for (const [name, value] of new FormData(form))
      if (value === '') address.searchParams.delete(name);
      else address.searchParams.set(name, String(value));
    history.replaceState(null, '', address);
    changed(readFilters());
  };
  const everything = element(
    'button',
    {
      type: 'button',
      on: {
        click: () => {
          for (const input of form.querySelectorAll<HTMLInputElement>('input')) input.value = '';
          take();
        },
      },
    },
    'All orders',
  );
  const form = element(
    'form',
    {
      class: 'filters',
      'aria-label': 'What is shown',
      on: {
        change: take,
        submit: (event) => {
          event.preventDefault();
          take();
        },
      },
    },
    labelled('From (UTC)', day('start_date')),
    labelled('To', day('end_date')),
    labelled('Products by', choice('by', BY)),
    labelled('Cohorts show', choice('show', SHOW)),
    everything,
  );
  return form;
}
