import { element } from '../kit/element.ts';
import { table } from '../kit/table.ts';

type Row = Readonly<Record<string, unknown>>;

/** A thousand rows are read; more are for the CSV. */
const MOST_ROWS = 1_000;

/** A list in an answer as a table; undefined when the answer is something else. */
export function rowsTable(text: string): HTMLElement | undefined {
  const rows = rowsOf(text);
  if (rows === undefined) return undefined;
  const isNumber = (name: string) => typeof rows[0]?.[name] === 'number';
  return table({
    label: 'The rows of the answer',
    columns: Object.keys(rows[0] ?? {}).map((name) => ({
      title: name,
      cell: (row: Row) => textOf(row[name]),
      isNumber: isNumber(name),
    })),
    rows: rows.slice(0, MOST_ROWS),
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

const textOf = (value: unknown) =>
  typeof value === 'object' ? element('code', {}, JSON.stringify(value)) : String(value);
