import { type FileMessage, isCut, OrderFileError, withMore } from './orderFile.ts';
import { readText } from './readText.ts';

/**
 * The elements of a JSON array, each as the text it has in the file. Cut out by brackets and quotes instead of
 * JSON.parse: parsing and writing again would turn 1e999 into null and drop repeated keys, and the pipeline is
 * to judge what was written. It also keeps one element in memory instead of the file.
 */
export async function* readJsonArray(path: string): AsyncGenerator<FileMessage, void, undefined> {
  const splitter = createSplitter(path);
  for await (const chunk of readText(path)) {
    yield* splitter.push(chunk);
  }
  splitter.end();
}

const [OPENERS, CLOSERS] = ['[{', ']}'];
const BLANK = /^[\s\uFEFF]*$/;

function createSplitter(path: string) {
  let state: 'before' | 'inside' | 'after' = 'before';
  let depth = 0;
  let inString = false;
  let escaped = false;
  let element = '';
  let position = 0;

  const fail = (problem: string): never => {
    throw new OrderFileError(path, problem);
  };

  const finish = (closing: boolean): FileMessage[] => {
    const body = isCut(element) ? element : element.trim();
    element = '';
    if (body === '') {
      if (closing && position === 0) return [];
      return fail(`has nothing where element ${position + 1} should be`);
    }
    position += 1;
    return [{ body, label: `element ${position}` }];
  };

  function* push(chunk: string): Generator<FileMessage, void, undefined> {
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const character = chunk[at] as string;
      if (inString) {
        if (escaped) escaped = false;
        else if (character === '\\') escaped = true;
        else if (character === '"') inString = false;
      } else if (state !== 'inside') {
        if (BLANK.test(character)) continue;
        if (state === 'after') fail(`has ${JSON.stringify(character)} after the end of the array`);
        if (character !== '[') {
          fail(
            `must hold a JSON array, but begins with ${JSON.stringify(character)}; one order a line is .jsonl`,
          );
        }
        state = 'inside';
        from = at + 1;
      } else if (character === '"') {
        inString = true;
      } else if (depth === 0 && (character === ',' || character === ']')) {
        element = withMore(element, chunk.slice(from, at));
        from = at + 1;
        yield* finish(character === ']');
        if (character === ']') state = 'after';
      } else if (OPENERS.includes(character)) {
        depth += 1;
      } else if (CLOSERS.includes(character)) {
        depth -= 1;
      }
    }
    if (state === 'inside') element = withMore(element, chunk.slice(from));
  }

  const end = (): void => {
    if (state === 'before') fail('is empty; it must hold a JSON array');
    if (state === 'inside') fail(`ends inside element ${position + 1}, without the array's closing bracket`);
  };

  return { push, end };
}

/**
 * The lines of a JSON Lines file, each as it is, blank ones left out. Not node:readline: it also breaks lines at
 * U+2028, which JSON allows inside a string.
 */
export async function* readLines(path: string): AsyncGenerator<FileMessage, void, undefined> {
  let line = 0;
  let pending = '';
  for await (const chunk of readText(path)) {
    const parts = chunk.split('\n');
    parts[0] = withMore(pending, parts[0] as string);
    pending = parts.pop() ?? '';
    for (const text of parts) {
      line += 1;
      if (text.trim() !== '') yield { body: asWritten(text, line), label: `line ${line}` };
    }
  }
  line += 1;
  if (pending.trim() !== '') yield { body: asWritten(pending, line), label: `line ${line}` };
}

function asWritten(text: string, line: number): string {
  const start = line === 1 && text.startsWith('\uFEFF') ? 1 : 0;
  return text.slice(start, text.endsWith('\r') ? -1 : undefined);
}
