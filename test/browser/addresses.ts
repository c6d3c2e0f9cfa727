import { readdirSync, readFileSync } from 'node:fs';
import { report } from '../../scripts/demo/report.ts';

const root = new URL('../../', import.meta.url);
const README_PORT = 8000;

/** What stands for the user, the dates and so on that the texts leave open. */
const FILLED_IN: readonly [RegExp, string][] = [
  [/\{user_id\}/g, 'U0001'],
  [/\{kind\}/g, 'not-found'],
  [/start_date=…/g, 'start_date=2024-01-01'],
  [/end_date=…/g, 'end_date=2024-12-31'],
  [/^\/desk\/api\/…$/, '/desk/api/groups'],
];

/**
 * What a browser does not show: it keeps the one as a file, the next never ends, folders are of a machine; and what is there
 * only where a history is kept.
 */
const NO_PAGE =
  /[?&]format=(csv|…)|\/pulse\/stream|^\/(etc|var)\/|^\/v1\/traces$|^\/(analytics\/.|orders(?!\/\{message))|\/orders$/;

/** The paths that README and docs name: as an address on the default port, or by themselves as `/path`. */
export function pathsInTexts(): string[] {
  const docs = readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md'));
  const texts = ['README.md', ...docs.map((name) => `docs/${name}`)].map((name) =>
    readFileSync(new URL(name, root), 'utf8'),
  );
  return unique(
    texts.flatMap((text) => [
      ...addressesIn(text, `http://127.0.0.1:${README_PORT}`),
      ...[...text.matchAll(/`(?:GET )?(\/[^\s`]*)`/g)].map(([, path]) => path as string),
    ]),
  )
    .filter((path) => !NO_PAGE.test(path))
    .map((path) => FILLED_IN.reduce((filled, [gap, value]) => filled.replace(gap, value), path));
}

/** The paths that the demo ends by naming. */
export function pathsInDemo(): string[] {
  const url = 'http://127.0.0.1:1';
  const printed: string[] = [];
  const { log } = console;
  console.log = (text: string) => printed.push(text);
  try {
    report({
      expected: { messages: 0, counted: { orders: 0, cents: 0 }, duplicates: 0, refused: {} } as never,
      grown: { counted: 0, minorUnits: 0, duplicates: 0, refused: 0 },
      refused: new Map(),
      topSpenders: [],
      seconds: 1,
      url,
      queueUrl: 'http://127.0.0.1:2/orders',
    });
  } finally {
    console.log = log;
  }
  return addressesIn(printed.join('\n'), url);
}

/** Paths behind one origin, `/` where only the origin is named. */
export function addressesIn(text: string, origin: string): string[] {
  const found = text.matchAll(new RegExp(`${origin.replaceAll('.', '\\.')}(?!\\d)([^\\s'"\`)>|,;]*)`, 'g'));
  return unique([...found].map(([, path]) => (path === '' ? '/' : (path as string))));
}

const unique = (paths: readonly string[]): string[] => [...new Set(paths)];
