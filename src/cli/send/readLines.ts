import { createReadStream } from 'node:fs';
import { type FileMessage, MAX_RECORD_LENGTH, OrderFileError } from './orderFile.ts';

/**
 * The lines of a JSON Lines file, each as it is, blank ones left out. Not node:readline: it also breaks lines at
 * U+2028, which JSON allows inside a string.
 */
export async function* readLines(path: string): AsyncGenerator<FileMessage, void, undefined> {
  let line = 0;
  let pending = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>) {
    const parts = chunk.split('\n');
    parts[0] = pending + parts[0];
    pending = parts.pop() ?? '';
    for (const text of parts) {
      line += 1;
      if (text.trim() !== '') yield { body: asWritten(text, line), label: `line ${line}` };
    }
    if (pending.length > MAX_RECORD_LENGTH) {
      throw new OrderFileError(path, `line ${line + 1} is longer than 16 MiB; is this a .json array?`);
    }
  }
  line += 1;
  if (pending.trim() !== '') yield { body: asWritten(pending, line), label: `line ${line}` };
}

function asWritten(text: string, line: number): string {
  const start = line === 1 && text.startsWith('\uFEFF') ? 1 : 0;
  return text.slice(start, text.endsWith('\r') ? -1 : undefined);
}
