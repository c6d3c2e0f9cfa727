import { element } from '../kit/element.ts';
import { dayBefore } from './filledIn.ts';

export interface Range {
  start_date: string;
  end_date: string;
}

interface Preset {
  title: string;
  range(today: string, now: Date): Range;
}

const PRESETS: readonly Preset[] = [
  { title: '7 days', range: (end_date, now) => ({ start_date: dayBefore(now, 6), end_date }) },
  { title: '30 days', range: (end_date, now) => ({ start_date: dayBefore(now, 29), end_date }) },
  { title: 'This month', range: (end_date) => ({ start_date: `${end_date.slice(0, 7)}-01`, end_date }) },
  { title: 'This year', range: (end_date) => ({ start_date: `${end_date.slice(0, 4)}-01-01`, end_date }) },
];
const EVERYTHING: Preset = { title: 'No range', range: () => ({ start_date: '', end_date: '' }) };

/** Ranges that are asked for often, one press each. Days are UTC, as the API counts them. */
export function rangePresets(mayBeAbsent: boolean, pick: (range: Range) => void): HTMLElement {
  const presets = mayBeAbsent ? [...PRESETS, EVERYTHING] : PRESETS;
  const buttons = presets.map(({ title, range }) =>
    element(
      'button',
      {
        type: 'button',
        class: 'small',
        on: {
          click: () => {
            const now = new Date();
            pick(range(dayBefore(now, 0), now));
          },
        },
      },
      title,
    ),
  );
  return element('div', { class: 'presets', role: 'group', 'aria-label': 'Range of days' }, ...buttons);
}
