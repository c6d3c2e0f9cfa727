/** One line of a list; every line of a list has the same columns. What is not known is an empty field. */
export type CsvRow = Readonly<Record<string, string | number | null>>;

/**
 * RFC 4180: a header line, CRLF after every line, quotes where they are needed.
 *
 * Text that a spreadsheet would run as a formula gets an apostrophe in front: ids come from whoever sends orders,
 * and these files are opened by people. An id that begins with an apostrophe gets one too, so taking off one
 * leading apostrophe always gives the id back. Numbers stay as they are.
 */
export const toCsv = (columns: readonly string[], rows: readonly CsvRow[]): string =>
  `${columns.join(',')}\r\n${csvLines(columns, rows)}`;

/**
 * The same in portions. The header goes out with the first rows: what cannot be had is a refusal until then, and none after it.
 */
export async function* csvParts<Row>(
  columns: readonly string[],
  portions: AsyncIterable<readonly Row[]>,
  rowOf: (row: Row) => CsvRow,
): AsyncGenerator<string, void, undefined> {
  let isFirst = true;
  for await (const rows of portions) {
    yield (isFirst ? toCsv : csvLines)(columns, rows.map(rowOf));
    isFirst = false;
  }
  if (isFirst) yield toCsv(columns, []);
}

const csvLines = (columns: readonly string[], rows: readonly CsvRow[]): string =>
  rows.map((row) => `${columns.map((column) => field(row[column] ?? '')).join(',')}\r\n`).join('');

/** What spreadsheets take for the start of a formula, in both widths, and our own mark. */
const RISKY_START = /^[=+\-@\t\r＝＋－＠']/u;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/u;

function field(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = RISKY_START.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
