import { keptKey } from '../kit/apiKey.ts';
import { element } from '../kit/element.ts';
import { asSentence } from '../kit/format.ts';
import { keyForm } from '../kit/keyForm.ts';
import { showPage } from '../kit/page.ts';
import { applyTheme } from '../kit/theme.ts';
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
const charts = chartPanel(
  root,
  keptKey,
  path.showHour,
  () => seenAt,
  () => isOpen,
);
const lists = listsView(root, keptKey, () => isOpen);
const known = element('div', { class: 'known' }, path.section, charts.section, lists.sections);
const locked = keyForm(
  root,
  { why: 'Figures are shown to people who are signed in and to holders of an API key.', role: 'read' },
  () => following.restart(),
);

showPage({ root, here: '', keyChanged: () => following.restart() }, verdict.section, locked.form, known);

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
  locked.form.hidden = live.state !== 'locked';
  verdict.section.hidden = live.state === 'locked';
  known.hidden = live.state === 'locked' || live.state === 'failed';
  known.classList.toggle('stale', live.state === 'stale');
  if (live.state === 'locked') locked.say(live.trouble ? asSentence(live.trouble.message) : '');
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
