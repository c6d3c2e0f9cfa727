import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { type FileMessage, OrderFileError } from './orderFile.ts';
import { readCsv } from './readCsv.ts';
import { readJsonArray, readLines } from './readJson.ts';
import { readXlsx } from './readXlsx.ts';

const READERS: Record<string, (path: string) => AsyncGenerator<FileMessage, void, undefined>> = {
  '.json': readJsonArray,
  '.jsonl': readLines,
  '.ndjson': readLines,
  '.csv': readCsv,
  '.xlsx': readXlsx,
};

/**
 * Opens a file of orders by its extension and reads up to its first record, so that a missing file or header is
 * found before anything is sent. The rest is read as it is consumed; call `return` when it is not.
 *
 * @throws OrderFileError naming the file and what is wrong, here or later while reading on.
 */
export async function openOrderFile(path: string): Promise<AsyncIterableIterator<FileMessage, void>> {
  const read = READERS[extname(path).toLowerCase()];
  if (!read) {
    throw new OrderFileError(path, `its extension must be one of ${Object.keys(READERS).join(', ')}`);
  }
  const messages = named(path, read);
  let first: IteratorResult<FileMessage, void> | undefined = await messages.next();
  const replayed: AsyncIterableIterator<FileMessage, void> = {
    next: async () => {
      const result = first ?? (await messages.next());
      first = undefined;
      return result;
    },
    return: () => messages.return(),
    [Symbol.asyncIterator]: () => replayed,
  };
  return replayed;
}

async function* named(path: string, read: (path: string) => AsyncGenerator<FileMessage, void, undefined>) {
  try {
    if ((await stat(path)).isDirectory()) throw new OrderFileError(path, 'is a directory');
    yield* read(path);
  } catch (error) {
    throw fileError(path, error);
  }
}

const SYSTEM_PROBLEMS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'may not be read by this user',
};

function fileError(path: string, error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  return new OrderFileError(path, SYSTEM_PROBLEMS[String(code)] ?? message, { cause: error });
}
