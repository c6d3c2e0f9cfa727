import { keptKey } from '../kit/apiKey.ts';
import { element } from '../kit/element.ts';
import { keyField, keyForm } from '../kit/keyForm.ts';
import { makeMenu } from '../kit/menu.ts';
import { siteNav } from '../kit/siteNav.ts';
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

const verdict = verdictView(`${root}desk`);
const path = pathView();
const charts = chartPanel(root, keptKey, path.showHour);
const lists = listsView(root, keptKey, () => isOpen);
const known = element('div', { class: 'known' }, path.section, charts.section, lists.sections);
const locked = keyForm('Figures are shown to holders of an API key.', 'read', () => following.restart());

const { menu, name } = makeMenu(
  keyField(() => following.restart()),
  themeChoice(),
);
name('Settings');
document.body.append(
  element('a', { class: 'skip', href: '#main' }, 'Skip to content'),
  element('header', { class: 'top' }, element('h1', {}, 'order-pipeline'), siteNav(root, ''), menu),
  element('main', { id: 'main', tabindex: -1 }, verdict.section, locked.form, known),
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
  locked.form.hidden = live.state !== 'locked';
  known.hidden = live.state === 'locked';
  known.classList.toggle('stale', live.state === 'stale' || live.state === 'failed');
  if (live.state === 'locked') locked.say(live.trouble.message);
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
