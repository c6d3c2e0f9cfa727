import { accountCorner, signInAddress } from '../kit/account.ts';
import { keepKey, keptKey } from '../kit/apiKey.ts';
import { element } from '../kit/element.ts';
import { makeMenu } from '../kit/menu.ts';
import { applyTheme, themeChoice } from '../kit/theme.ts';
import { chartPanel } from './chartPanel.ts';
import { asSentence } from './format.ts';
import { listsView } from './lists.ts';
import { followPulse, type Live } from './live.ts';
import { pathView } from './path.ts';
import { isNew, verdictView } from './verdict.ts';

/** The page at /: whether orders flow, told in three seconds. It knows nothing but what the API says. */

applyTheme();

/** Where the API begins, whatever it is mounted under. This script is at <root>/home/home.js. */
const { href: root } = new URL('..', import.meta.url);

const verdict = verdictView();
const path = pathView();
const charts = chartPanel(
  root,
  keptKey,
  path.showHour,
  () => seenAt,
  () => isOpen,
);
const lists = listsView(root, keptKey, () => isOpen);
const known = element('div', { class: 'known' }, path.section, charts.section, lists.sections);
const locked = keyForm();

const { menu, name } = makeMenu(keyField('menu-key'), themeChoice());
name('Settings');
document.body.append(
  element('a', { class: 'skip', href: '#main' }, 'Skip to content'),
  element(
    'header',
    { class: 'top' },
    element('h1', {}, 'order-pipeline'),
    element(
      'nav',
      { 'aria-label': 'Elsewhere' },
      ...[
        ['admin/queues', 'Failed orders'],
        ['docs', 'API'],
        ['health', 'Health'],
        ['metrics', 'Metrics'],
      ].map(([to = '', title]) => element('a', { href: `${root}${to}` }, title)),
    ),
    accountCorner(root, menu),
  ),
  element('main', { id: 'main', tabindex: -1 }, verdict.section, locked, known),
);

/** Whether what is behind the first line can be had now: without, each question is one refusal more. */
let isOpen = false;
/** When what is shown was so, by the clock of Redis. */
let seenAt = '';
show({ state: 'loading' });
/** The server says so in the page: asked without one it would refuse, which browsers report as an error. */
const needsKey = document.querySelector('meta[name="api-key"][content="needed"]') !== null;
const following = followPulse(root, keptKey, needsKey, show);

function show(live: Live): void {
  verdict.show(live);
  const pulse = 'pulse' in live ? live.pulse : undefined;
  if (pulse) seenAt = pulse.at;
  document.title = `${signOf(live)} order-pipeline`.trim();
  const wasOpen = isOpen;
  isOpen = live.state === 'ready';
  if (isOpen && !wasOpen) restartAll();
  locked.hidden = live.state !== 'locked';
  verdict.section.hidden = live.state === 'locked';
  known.hidden = live.state === 'locked' || live.state === 'failed';
  known.classList.toggle('stale', live.state === 'stale');
  if (live.state === 'locked')
    locked.querySelector('.hint')?.replaceChildren(live.trouble ? asSentence(live.trouble.message) : '');
  if (live.state === 'failed' || live.state === 'locked') return;
  path.show(pulse);
  if (!pulse) return;
  const isFirst = charts.section.hidden && !isNew(pulse);
  charts.section.hidden = isNew(pulse);
  if (isFirst) charts.restart();
  lists.show(pulse);
}

/** In the title of a tab among many: what is stale is neither well nor wrong. */
function signOf(live: Live): string {
  if (live.state === 'ready') return { green: '●', amber: '▲', red: '■' }[live.pulse.status.level];
  return live.state === 'stale' || live.state === 'failed' ? '?' : '';
}

function restartAll(): void {
  charts.restart();
  lists.restart();
}

function useKey(key: string): void {
  keepKey(key.trim());
  following.restart();
}

function keyField(id: string): HTMLElement {
  const input = element('input', {
    id,
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    on: { change: () => useKey(input.value) },
  });
  input.value = keptKey();
  return element(
    'div',
    { class: 'field' },
    element('label', { for: id }, 'API key'),
    input,
    element('p', { class: 'hint' }, 'Kept until this tab is closed, and sent to this API alone.'),
  );
}

/** Shown instead of everything else to those who may not look yet. */
function keyForm(): HTMLElement {
  const input = element('input', {
    id: 'key',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    required: true,
  });
  return element(
    'form',
    {
      class: 'locked panel',
      hidden: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          useKey(input.value);
        },
      },
    },
    element('h2', {}, 'Who is looking?'),
    element('p', {}, 'Figures are shown to people who are signed in and to holders of an API key.'),
    element('a', { class: 'button', href: signInAddress(root) }, 'Sign in'),
    element('p', {}, 'Whoever runs this makes a key:'),
    element('pre', {}, 'order-pipeline keys create --name dashboard --role read'),
    element('div', { class: 'field' }, element('label', { for: 'key' }, 'API key'), input),
    element('p', { class: 'hint', role: 'status' }),
    element('button', { class: 'main' }, 'Show'),
  );
}
