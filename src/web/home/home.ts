import { accountCorner, signInAddress } from '../kit/account.ts';
import { keepKey, keptKey } from '../kit/apiKey.ts';
import { element } from '../kit/element.ts';
import { makeMenu } from '../kit/menu.ts';
import { applyTheme, themeChoice } from '../kit/theme.ts';
import { chartPanel } from './chartPanel.ts';
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
const charts = chartPanel(root, keptKey, path.showHour);
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

/** Whether the key there is opens what is behind the first line: without, each question is one refusal more. */
let isOpen = false;
show({ state: 'loading' });
const following = followPulse(root, keptKey, show);

function show(live: Live): void {
  verdict.show(live);
  const pulse = 'pulse' in live ? live.pulse : undefined;
  document.title = pulse ? `${SIGNS[pulse.status.level]} order-pipeline` : 'order-pipeline';
  if (live.state === 'locked' || live.state === 'loading') isOpen = false;
  else if (pulse && !isOpen) {
    isOpen = true;
    restartAll();
  }
  locked.hidden = live.state !== 'locked';
  known.hidden = live.state === 'locked';
  known.classList.toggle('stale', live.state === 'stale' || live.state === 'failed');
  if (live.state === 'locked') locked.querySelector('.hint')?.replaceChildren(live.trouble.message);
  if (live.state === 'failed' || live.state === 'locked') return;
  path.show(pulse);
  if (!pulse) return;
  charts.section.hidden = isNew(pulse);
  lists.show(pulse);
}

/** In the title of a tab among many. */
const SIGNS = { green: '●', amber: '▲', red: '■' } as const;

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
