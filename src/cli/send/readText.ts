import { createReadStream } from 'node:fs';
import { OrderFileError } from './orderFile.ts';

/**
 * The text of a file, piece by piece. What is no UTF-8 is refused: read as U+FFFD, users whose names differ in one such letter
 * would be one, and their orders with them.
 *
 * @throws OrderFileError naming the line
 */
export async function* readText(path: string): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let line = 1;
  const decoded = (bytes: Buffer | undefined): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (error) {
      const until = (bytes ?? Buffer.of()).toString().split('\uFFFD', 1)[0] as string;
      const problem = `line ${line + breaks(until)} is not UTF-8; save the file as that`;
      throw new OrderFileError(path, problem, { cause: error });
    }
  };
  for await (const bytes of createReadStream(path) as AsyncIterable<Buffer>) {
    const text = decoded(bytes);
    yield text;
    line += breaks(text);
  }
  yield decoded(undefined);
}

function breaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
