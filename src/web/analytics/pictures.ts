import { drawn, element } from '../kit/element.ts';
import { emptiness } from '../kit/stateView.ts';

export interface Bar {
  name: string;
  value: number;
  text: string;
}

/** A bar for each, as a list that reads by itself. */
export function bars(label: string, rows: readonly Bar[], empty: string): HTMLElement {
  const most = Math.max(0, ...rows.map(({ value }) => value));
  if (most === 0) return emptiness(empty);
  return element(
    'ol',
    { class: 'bars', 'aria-label': label },
    ...rows.map(({ name, value, text }) =>
      element(
        'li',
        {},
        element('span', { class: 'name', title: name }, element('bdi', {}, name)),
        barOf(value / most),
        element('span', { class: 'value' }, text),
      ),
    ),
  );
}

/** Seen where there is anything at all. */
function barOf(share: number): SVGSVGElement {
  const width = share === 0 ? '0' : `${Math.max(0.5, share * 100)}%`;
  return drawn('svg', { 'aria-hidden': 'true' }, drawn('rect', { width, height: '100%', rx: 2 }));
}

export interface Cell {
  text: string;
  /** 0 to 1: how deep its colour is. */
  share: number;
  title?: string;
}

export interface Grid {
  label: string;
  corner: string;
  columns: readonly string[];
  rows: readonly { name: string; cells: readonly (Cell | undefined)[] }[];
}

/** Figures in rows and columns, coloured by how much they are: a picture that is a table. */
export const heatGrid = ({ label, corner, columns, rows }: Grid): HTMLElement =>
  element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
    element(
      'table',
      { class: 'grid' },
      element(
        'thead',
        {},
        element('tr', {}, ...[corner, ...columns].map((title) => element('th', { scope: 'col' }, title))),
      ),
      element(
        'tbody',
        {},
        ...rows.map(({ name, cells }) =>
          element('tr', {}, element('th', { scope: 'row' }, name), ...cells.map(cellOf)),
        ),
      ),
    ),
  );

const STEPS = 5;

const cellOf = (cell: Cell | undefined): HTMLElement =>
  cell === undefined
    ? element('td', {})
    : element(
        'td',
        { class: `heat heat-${Math.ceil(Math.min(1, cell.share) * STEPS)}`, title: cell.title },
        cell.text,
      );
