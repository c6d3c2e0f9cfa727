import { pipeline } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import {
  type FileMessage,
  itemsJson,
  MAX_RECORD_LENGTH,
  OrderFileError,
  readHeader,
  rowBody,
} from './orderFile.ts';
import { readText } from './readText.ts';

/**
 * The rows of a CSV file as message bodies, labelled by the row numbers that a person sees: empty rows count, and are left out.
 * Rows that are too long or too short and quotes in odd places are taken as they are: whether a cell is good is the
 * pipeline's to judge.
 */
export async function* readCsv(path: string): AsyncGenerator<FileMessage, void, undefined> {
  const parser = parse({
    bom: true,
    // Found out by the first row alone, the ends of others would be part of their last cells.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_RECORD_LENGTH,
  });
  // A failed read or parse destroys both streams with the error, and the loop below throws it.
  pipeline(readText(path), parser, () => undefined);
  let columns: string[] | undefined;
  let row = 0;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      row += 1;
      if (cells.every((cell) => cell === '')) continue;
      if (columns) yield { body: rowBody(columns, cells, cellJson), label: `row ${row}` };
      else columns = readHeader(path, cells);
    }
  } catch (error) {
    if (error instanceof CsvError) {
      throw new OrderFileError(path, `after row ${row}: ${error.message}`, { cause: error });
    }
    throw error;
  }
  if (!columns) throw new OrderFileError(path, 'is empty; its first line must name the columns');
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** In CSV everything is text, so the one field that has to be a number becomes one when it reads as one. */
function cellJson(column: string, cell: string): string | undefined {
  if (cell === '') return undefined;
  if (column === 'order_value' && JSON_NUMBER.test(cell)) return cell;
  return column === 'items' ? itemsJson(cell) : JSON.stringify(cell);
}
