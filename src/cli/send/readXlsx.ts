import { type FileMessage, itemsJson, OrderFileError, readHeader, rowBody } from './orderFile.ts';

type Cell = string | number | boolean | Date | null;

/**
 * The rows of a workbook's first sheet as message bodies, labelled by the row numbers that a person sees. Read as
 * a whole: a workbook holds at most 1,048,576 rows. A cell that shows an error such as #N/A counts as empty, and a
 * number loses the zeros its format puts before it: the reader keeps neither.
 */
export async function* readXlsx(path: string): AsyncGenerator<FileMessage, void, undefined> {
  const rows = await readFirstSheet(path);
  let columns: string[] | undefined;
  for (const [index, cells] of rows.entries()) {
    if (cells.every((cell) => cell === null)) continue;
    if (columns) yield { body: rowBody(columns, cells, cellJson), label: `row ${index + 1}` };
    else columns = readHeader(path, cells.map(headerText));
  }
  if (!columns)
    throw new OrderFileError(path, 'is empty; the first row of its first sheet must name the columns');
}

async function readFirstSheet(path: string): Promise<Cell[][]> {
  // Loaded on demand: it brings an unzipper and an XML parser that the other formats have no use for.
  const { InvalidInputError, InvalidSpreadsheetError, readSheet } = await import('read-excel-file/node');
  try {
    return (await readSheet(path, { trim: false })) as unknown as Cell[][];
  } catch (error) {
    if (error instanceof InvalidInputError || error instanceof InvalidSpreadsheetError) {
      throw new OrderFileError(path, `is not a readable workbook: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

const headerText = (cell: Cell): string => (cell === null ? '' : String(cell));

function cellJson(column: string, cell: Cell): string | undefined {
  if (cell === null || cell === '') return undefined;
  if (cell instanceof Date) return JSON.stringify(dateText(cell));
  if (column === 'items' && typeof cell === 'string') return itemsJson(cell);
  if ((column === 'order_id' || column === 'user_id') && typeof cell === 'number') {
    return JSON.stringify(String(cell));
  }
  return JSON.stringify(cell);
}

/**
 * Excel keeps times as fractions of a day, and a whole second often arrives one millisecond short. Left alone,
 * midnight would count on the day before.
 */
function dateText(date: Date): string {
  if (Number.isNaN(date.getTime())) return String(date);
  const shortOfSecond = date.getUTCMilliseconds() === 999;
  return new Date(date.getTime() + (shortOfSecond ? 1 : 0)).toISOString();
}
