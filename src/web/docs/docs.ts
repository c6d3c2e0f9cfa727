import { accountCorner } from '../kit/account.ts';
import { readAddress } from '../kit/address.ts';
import { askJson } from '../kit/ask.ts';
import { element, group } from '../kit/element.ts';
import { type Loadable, load } from '../kit/loadable.ts';
import { prose } from '../kit/prose.ts';
import { searchBox } from '../kit/searchBox.ts';
import { viewOf } from '../kit/stateView.ts';
import { applyTheme } from '../kit/theme.ts';
import { type Api, readApi } from './apiDocument.ts';
import { contents, followReading } from './contents.ts';
import { type OperationView, operationView } from './operationView.ts';
import { type ProblemKind, problemList, readProblemKinds } from './problemList.ts';
import { searchIndex } from './searchIndex.ts';
import { makeSettings, settingsMenu } from './settings.ts';

/** The page at /docs: openapi.json to read, to search and to try. It knows nothing but what the API says. */

applyTheme();

/** Where the API begins, whatever it is mounted under. This script is at <root>/docs/docs.js. */
const root = new URL('..', import.meta.url);
const VERSION = '/v1';
const base = (root.origin + root.pathname).replace(/\/$/, '');
const isUnderVersion = base.endsWith(VERSION);
const origin = isUnderVersion ? base.slice(0, -VERSION.length) : base;

const settings = makeSettings(isUnderVersion);
const { menu, askForKey } = settingsMenu(settings);
const views = new Map<string, OperationView>();
const main = element('main', { id: 'main', tabindex: -1 });
const side = element('div', { class: 'side' });
const problems = element('div', {});
let find: ReturnType<typeof searchIndex> = () => [];
let kinds: readonly ProblemKind[] = [];
let api: Api | undefined;

const search = searchBox({
  label: 'Search operations, parameters, problems',
  find: (text) => find(text),
  go: ({ href }) => {
    if (location.hash === href) goToAddress();
    else location.hash = href;
  },
});
document.body.append(
  element('a', { class: 'skip', href: '#main' }, 'Skip to content'),
  element(
    'header',
    { class: 'top' },
    element('h1', {}, 'order-pipeline ', element('span', {}, 'API')),
    search.box,
    accountCorner(root.href, menu),
  ),
  element('div', { class: 'columns' }, side, main),
);
addEventListener('hashchange', goToAddress);
// The browser looked for what the address names before it was there.
void Promise.all([loadApi(), loadKinds()]).then(goToAddress);

async function loadApi(): Promise<void> {
  const work = async () => readApi(await askJson(`${base}/openapi.json`));
  await load(work, (state) => {
    main.replaceChildren(group(viewOf(state, { what: 'openapi.json', ready: page, retry: loadApi })));
  });
}

async function loadKinds(): Promise<void> {
  const work = async () => readProblemKinds(await askJson(`${base}/problems`));
  await load(work, showKinds);
}

function showKinds(state: Loadable<readonly ProblemKind[]>): void {
  if (state.state === 'ready') kinds = state.value;
  problems.replaceChildren(problemList(state, loadKinds));
  makeIndex();
}

function makeIndex(): void {
  if (api) find = searchIndex(api, kinds);
}

function page(read: Api): DocumentFragment {
  api = read;
  makeIndex();
  const nav = contents(read);
  side.replaceChildren(nav);
  const tags = read.tags.map(({ name, description, operations }) => {
    const sections = operations.map((operation) => {
      const view = operationView(operation, { origin, settings, askForKey });
      views.set(operation.id, view);
      return view.section;
    });
    return group(element('h2', {}, name), element('p', { class: 'lead' }, description), ...sections);
  });
  followReading(nav, [...[...views.values()].map(({ section }) => section), problems]);
  return group(...about(read), ...tags, problems);
}

const about = ({ summary, description }: Api) => [
  element('p', { class: 'summary' }, summary),
  element(
    'div',
    { class: 'about' },
    ...prose(description),
    element(
      'p',
      {},
      'All of this as a document for programs: ',
      element('a', { href: `${base}/openapi.json` }, 'openapi.json'),
      ', OpenAPI 3.1.',
    ),
  ),
];

/** Shows what the address names: a section, a field of one, a form filled in. */
function goToAddress(): void {
  const { name, values } = readAddress(location.hash);
  const target = name === '' ? null : document.getElementById(name);
  if (!target) return;
  if (Object.keys(values).length > 0) views.get(name)?.fill(values);
  target.scrollIntoView();
  target.focus({ preventScroll: true });
}
