import { type Child, element } from './element.ts';
import { emptiness } from './stateView.ts';

export interface Column<Row> {
  title: string;
  cell(row: Row): Child;
  /** Numbers stand right, so that their digits line up. */
  isNumber?: boolean;
}

export interface TableOf<Row> {
  /** Says what the rows are, to those who do not see the page around it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** Said in place of a table without rows. */
  empty: string;
}

/** A table that scrolls within itself: at 360 px the page must not. */
export function table<Row>({ label, columns, rows, empty }: TableOf<Row>): HTMLElement {
  if (rows.length === 0) return emptiness(empty);
  const numeric = ({ isNumber }: Column<Row>) => (isNumber ? 'number' : undefined);
  const head = columns.map((column) => element('th', { scope: 'col', class: numeric(column) }, column.title));
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      ...columns.map((column) => element('td', { class: numeric(column) }, column.cell(row))),
    ),
  );
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label },
    element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...body)),
  );
}
