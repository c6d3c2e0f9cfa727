import { type Child, element } from '../kit/element.ts';
import { type Column, table } from '../kit/table.ts';

type Row = Readonly<Record<string, unknown>>;

/** A thousand rows are read; more are for the CSV. */
const MOST_ROWS = 1_000;

/** A list in an answer as a table; undefined when the answer is something else. */
export function rowsTable(text: string): HTMLElement | undefined {
  const rows = rowsOf(text);
  if (rows === undefined) return undefined;
  const shown = rows.slice(0, MOST_ROWS);
  return table({
    label: 'The rows of the answer',
    columns: Object.keys(shown[0] ?? {}).map((name) => columnOf(name, shown)),
    rows: shown,
    empty: 'No rows: nothing was counted that this asks for.',
  });
}

/** The answer itself when it is a list, else the one list in it. */
function rowsOf(text: string): readonly Row[] | undefined {
  const answer: unknown = JSON.parse(text);
  const lists = [answer, ...Object.values(Object(answer))].filter(Array.isArray);
  const [list] = lists;
  return list?.every((each) => typeof each === 'object' && each !== null) ? list : undefined;
}

function columnOf(name: string, rows: readonly Row[]): Column<Row> {
  const values = rows.map((row) => row[name]);
  const decimals = Math.max(...values.map(decimalsOf));
  return {
    title: name,
    isNumber: values.every((value) => typeof value === 'number'),
    cell: (row) => textOf(row[name], decimals),
  };
}

/** Numbers of a column have the same decimals, or their points would not stand below each other. */
function textOf(value: unknown, decimals: number): Child {
  if (typeof value === 'number') return value.toFixed(decimals);
  return typeof value === 'object' ? element('code', {}, JSON.stringify(value)) : String(value);
}

const decimalsOf = (value: unknown): number =>
  typeof value === 'number' ? (String(value).split('.')[1]?.length ?? 0) : 0;
