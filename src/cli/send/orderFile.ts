import { basename } from 'node:path';

/** A file that cannot be read as orders. The message names the file and what is wrong with it. */
export class OrderFileError extends Error {
  override readonly name = 'OrderFileError';

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`${basename(path)}: ${problem}`, options);
  }
}

/** One message body from a file, and where it stands there, e.g. `line 17`. */
export interface FileMessage {
  body: string;
  label: string;
}

/**
 * SQS takes 1 MiB, so a longer record can only be a file read the wrong way, such as an array on one line:
 * without a limit it would be collected until memory ends.
 */
export const MAX_RECORD_LENGTH = 16 * 1024 * 1024;
export const TOO_LONG = 'longer than 16 MiB';

/** What is left of such a record is there to be refused, whatever it looks like. */
export const isCut = (body: string): boolean => body.length > MAX_RECORD_LENGTH;

/** More of a record, unless it is too long already. */
export const withMore = (record: string, more: string): string => (isCut(record) ? record : record + more);

const REQUIRED = ['order_id', 'user_id', 'order_value', 'items'];
const OPTIONAL = ['order_timestamp', 'shipping_address', 'payment_method', 'currency'];
const KNOWN = new Set([...REQUIRED, ...OPTIONAL]);

/** A cell as JSON text; undefined for an empty one, whose field is left out. */
type CellJson<Cell> = (column: string, cell: Cell) => string | undefined;

/**
 * The field names of a table, from its first row. Known columns are recognised in any case and with blanks around;
 * others keep the name they have, one without a name is called by its place, e.g. `column_8`.
 *
 * @throws OrderFileError when a column that every order needs is missing, or two have one name.
 */
export function readHeader(path: string, cells: readonly string[]): string[] {
  const columns = cells.map((cell, index) => {
    const name = cell.trim();
    return KNOWN.has(name.toLowerCase()) ? name.toLowerCase() : name || placeName(index);
  });
  const missing = REQUIRED.filter((name) => !columns.includes(name));
  if (missing.length > 0) {
    const found = cells.map((cell) => JSON.stringify(cell)).join(', ');
    throw new OrderFileError(
      path,
      `the header lacks ${missing.join(', ')}; its columns are ${found || 'none'}`,
    );
  }
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new OrderFileError(path, `two columns are called ${JSON.stringify(twice)}`);
  return columns;
}

/**
 * One row as a message body. Put together from JSON texts, not from values: 0.10 and 9007199254740993 are sent
 * as they stand in the file.
 */
export function rowBody<Cell>(
  columns: readonly string[],
  cells: readonly Cell[],
  json: CellJson<Cell>,
): string {
  const fields = cells.flatMap((cell, index) => {
    const column = columns[index] ?? placeName(index);
    const text = json(column, cell);
    return text === undefined ? [] : [`${JSON.stringify(column)}:${text}`];
  });
  return `{${fields.join(',')}}`;
}

/** The items cell: JSON when it is, else the text it is, which the pipeline will refuse and show. */
export function itemsJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

const placeName = (index: number): string => `column_${index + 1}`;
