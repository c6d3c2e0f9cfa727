import { element, group } from '../kit/element.ts';
import { visible } from '../kit/format.ts';
import { nearest } from '../kit/jsonPlaces.ts';
import type { Fault } from './deskApi.ts';
import { type Line, linesOf, type Sent } from './jsonTree.ts';
import { reasonInWords } from './words.ts';

/** Nobody reads more of an order, and a browser would not take more well. */
const MOST_LINES = 2_000;
const MOST_CHARACTERS = 200_000;

/** An order as JSON, each issue at its place in it. What is missing is told where it should be. */
export function orderJson(sent: Sent, faults: readonly Fault[]): HTMLElement {
  const left = new Set(faults);
  const lines = linesIn(sent);
  const holders = new Set(lines.map(({ path }) => path));
  const rows = lines.flatMap((line) => {
    const here = [...left].filter(({ path }) => nearest(path, holders) === line.path);
    for (const issue of here) left.delete(issue);
    return [lineElement(line, here.length > 0), ...here.map((issue) => issueElement(issue, line.depth))];
  });
  return element(
    'div',
    { class: 'order-json' },
    ...[...left].map((issue) => issueElement(issue, 0)),
    element(
      'pre',
      { tabindex: 0, role: 'region', 'aria-label': 'The order as JSON' },
      ...(lines.length > 0 ? rows : [asText(sent).slice(0, MOST_CHARACTERS)]),
    ),
  );
}

/** None when it is no JSON, or too much of it. */
function linesIn({ value, isText, digits }: Sent): Line[] {
  if (isText) return [];
  const lines: Line[] = [];
  for (const line of linesOf(value, digits)) {
    if (lines.push(line) > MOST_LINES) return [];
  }
  return lines;
}

const asText = ({ value, isText }: Sent): string => (isText ? String(value) : JSON.stringify(value, null, 2));

const lineElement = ({ depth, name, text }: Line, isWrong: boolean): HTMLElement =>
  element(
    'span',
    { class: isWrong ? 'line wrong' : 'line' },
    '  '.repeat(depth),
    name !== undefined &&
      element('span', { class: 'json-name' }, element('bdi', {}, visible(JSON.stringify(name)))),
    name !== undefined && ': ',
    element('bdi', { class: text.startsWith('"') ? 'json-string' : 'json-value' }, visible(text)),
    '\n',
  );

const issueElement = ({ reason, why }: Fault, depth: number): HTMLElement =>
  element(
    'span',
    { class: 'issue' },
    '  '.repeat(depth),
    `▲ ${reasonInWords(reason)}`,
    why !== undefined && group(': ', element('bdi', {}, why)),
    '\n',
  );
