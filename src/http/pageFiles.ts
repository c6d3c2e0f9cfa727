import { readFileSync } from 'node:fs';
import type { Answer } from './transport/send.ts';

/** The same place from src/http and from dist/http: pages are for browsers and exist only as the build makes them. */
const BUILT = new URL('../../dist/web/', import.meta.url);

const PARTS = [
  { ending: 'html', type: 'text/html; charset=utf-8' },
  { ending: 'css', type: 'text/css; charset=utf-8' },
  { ending: 'js', type: 'text/javascript; charset=utf-8' },
] as const;

/** A page, and its style and its script below `/NAME`. */
export interface PageFiles {
  paths: readonly string[];
  /** Throws, saying what to type, when the pages were not built. */
  read(path: string): Answer;
}

/** The page itself is at `/NAME` unless it has another place. */
export function pageFiles(name: string, at = `/${name}`): PageFiles {
  const pathOf = (ending: string) => (ending === 'html' ? at : `/${name}/${name}.${ending}`);
  let files: Map<string, Answer> | undefined;
  return {
    paths: PARTS.map(({ ending }) => pathOf(ending)),
    read(path) {
      // Together and once: a build that replaces them meanwhile must not leave one half of each.
      files ??= new Map(
        PARTS.map(({ ending, type }) => [pathOf(ending), { type, body: built(`${name}/${name}.${ending}`) }]),
      );
      return files.get(path) as Answer;
    },
  };
}

function built(file: string): Buffer {
  try {
    return readFileSync(new URL(file, BUILT));
  } catch (cause) {
    throw new Error(`The page ${file} is not there: npm run build makes it`, { cause });
  }
}
