import type { Answer } from '../kit/ask.ts';
import { copyButton } from '../kit/copyButton.ts';
import { type Child, element, group } from '../kit/element.ts';
import { jsonText } from '../kit/jsonText.ts';
import { kindOf, type Problem, problemOf } from '../kit/problem.ts';
import { table } from '../kit/table.ts';
import { type Tab, tabs } from '../kit/tabs.ts';
import { rowsTable } from './rowsTable.ts';

interface AnswerActions {
  nextPage(cursor: string): void;
  askForKey(): void;
  /** How answers are looked at here: the tab chosen last. */
  tab: { chosen: string };
}

/** Headers that say something about an answer, in the order they are shown in. */
const TELLING = [
  'content-type',
  'content-encoding',
  'etag',
  'cache-control',
  'vary',
  'link',
  'allow',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-process-time',
  'x-request-id',
];

/** What came back: whether it went well, what is wrong if not, and the whole of it. */
export function answerView(id: string, answer: Answer, actions: AnswerActions): HTMLElement {
  const type = answer.headers.get('content-type') ?? '';
  const problem = problemOf(type, answer.text);
  const cursor = cursorOf(answer.headers.get('link'));
  const panels = panelsOf(answer, type);
  const { tab } = actions;
  const { list, select } = tabs(`${id}-answer`, 'The answer', panels, (name) => {
    tab.chosen = name;
  });
  if (panels.some(({ name }) => name === tab.chosen)) select(tab.chosen);
  return element(
    'div',
    { class: 'answer' },
    statusLine(answer),
    problem && problemView(problem, actions),
    element(
      'div',
      { class: 'bar' },
      list,
      copyButton('Copy', () => answer.text),
    ),
    ...panels.map(({ panel }) => panel),
    cursor !== undefined &&
      element('button', { type: 'button', on: { click: () => actions.nextPage(cursor) } }, 'Next page'),
  );
}

function statusLine({ ok, status, statusText, milliseconds: took, bytes: size }: Answer): HTMLElement {
  return element(
    'p',
    { class: 'status', role: 'status' },
    element('span', { class: ok ? 'badge good' : 'badge bad' }, `${status} ${statusText}`.trim()),
    element('span', { class: 'quiet' }, `${milliseconds(took)}, ${bytes(size)}`),
  );
}

function panelsOf({ text, headers }: Answer, type: string): Tab[] {
  const rows = type.startsWith('application/json') ? rowsTable(text) : undefined;
  const body = element('pre', { class: 'body', tabindex: 0 }, type.includes('json') ? jsonText(text) : text);
  const shown = TELLING.filter((name) => headers.has(name));
  const ofHeaders = table({
    label: 'Headers of the answer',
    columns: [
      { title: 'Header', cell: (name: string) => element('code', {}, name) },
      { title: 'Value', cell: (name) => element('code', { class: 'wraps' }, headers.get(name) ?? '') },
    ],
    rows: shown,
    empty: 'No header that says anything.',
  });
  return [
    { name: 'body', title: type.includes('json') ? 'JSON' : 'Text', panel: element('div', {}, body) },
    ...(rows ? [{ name: 'table', title: 'Table', panel: element('div', {}, rows) }] : []),
    { name: 'headers', title: 'Headers', panel: element('div', {}, ofHeaders) },
  ];
}

function problemView(
  { type, status, detail, errors = [] }: Problem,
  { askForKey }: AnswerActions,
): HTMLElement {
  const kind = kindOf(type);
  const wrong = errors.map(
    ({ parameter, message }): Child => element('li', {}, element('code', {}, parameter), ` ${message}`),
  );
  return element(
    'div',
    { class: 'problem' },
    element('p', {}, detail),
    // A single one is what the sentence above says.
    wrong.length > 1 && element('ul', {}, ...wrong),
    element(
      'p',
      { class: 'quiet' },
      'What this means: ',
      element('a', { href: `#problem-${encodeURIComponent(kind)}` }, kind),
    ),
    status === 401 &&
      group(
        element('button', { type: 'button', class: 'main', on: { click: askForKey } }, 'Enter an API key'),
      ),
  );
}

/** The place after this page, of a header such as `</stats/users-by-date?cursor=x>; rel="next"`. */
function cursorOf(link: string | null): string | undefined {
  const [, target] = /<([^>]*)>; rel="next"/.exec(link ?? '') ?? [];
  if (target === undefined) return undefined;
  return new URL(target, location.href).searchParams.get('cursor') ?? undefined;
}

/** A length of time as a reader takes it in: `3 ms`, `1.4 s`. */
export const milliseconds = (value: number): string =>
  value < 1_000 ? `${Math.max(1, Math.round(value))} ms` : `${(value / 1_000).toFixed(1)} s`;

/** A size: `612 bytes`, `14.2 kB`. */
export const bytes = (value: number): string =>
  value < 1_000 ? `${value} bytes` : `${(value / 1_000).toFixed(1)} kB`;
