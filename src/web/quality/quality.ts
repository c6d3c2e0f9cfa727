import { chartView } from '../kit/chartView.ts';
import { element, group } from '../kit/element.ts';
import { counted, whole } from '../kit/format.ts';
import { keyForm } from '../kit/keyForm.ts';
import { load } from '../kit/loadable.ts';
import { showPage } from '../kit/page.ts';
import { redrawn } from '../kit/redraw.ts';
import { emptiness, viewOf } from '../kit/stateView.ts';
import { applyTheme } from '../kit/theme.ts';
import { groupCard, mutedCard } from './groupCard.ts';
import { driftPanel, modelPanel, rulesPanel, warmthPanel } from './panels.ts';
import { type Groups, MOST_GROUPS, qualityApi, type Span, type State, type Summary } from './qualityApi.ts';

/** The page at /quality: what the review found. What is shown stands in its address; it knows nothing but what the API says. */

applyTheme();

/** Where the API begins, whatever it is mounted under. This script is at <root>/quality/quality.js. */
const { href: root } = new URL('..', import.meta.url);

const SPANS: Record<Span, string> = { hour: 'Hour', day: 'Day', month: 'Month' };
const STATES: Record<State, string> = { open: 'Open', rare: 'Rare', quiet: 'Quiet', muted: 'Muted' };
const AGAIN_MS = 10_000;

const locked = keyForm(
  root,
  {
    why: 'What the review finds is shown to people who are signed in and to holders of a key.',
    role: 'repair',
  },
  () => show(true),
);
const api = qualityApi(root, (why) => {
  known.hidden = true;
  locked.form.hidden = false;
  locked.say(why);
});

const said = element('p', { class: 'quiet', role: 'status' });
const verdict = element('p', { class: 'verdict' });
const charts = [
  chartView({ title: 'Clean orders', unit: whole, empty: 'No order was reviewed in this time.' }),
  chartView({ title: 'Orders to look at', unit: whole, empty: 'Nothing to look at in this time.' }),
];
const around = element('div', { class: 'columns' });
const list = element('div', {});
const left = element('p', { class: 'quiet' });
const trouble = element('div', {});

const spans = choices('span', 'How far back', SPANS, 'day');
const states = choices('state', 'Which groups', STATES, 'open');

const known = element(
  'div',
  { class: 'view' },
  element('h2', {}, 'Quality'),
  verdict,
  trouble,
  element(
    'section',
    { 'aria-labelledby': 'found' },
    element('div', { class: 'head' }, element('h3', { id: 'found' }, 'What was found'), states.field),
    said,
    list,
    left,
  ),
  element(
    'section',
    { 'aria-labelledby': 'lately' },
    element('div', { class: 'head' }, element('h3', { id: 'lately' }, 'Lately'), spans.field),
    element('div', { class: 'columns' }, ...charts.map(({ figure }) => figure)),
  ),
  around,
);
showPage({ root, here: 'quality', keyChanged: () => show(true) }, locked.form, known);

const answered = (what: string) => {
  said.textContent = what;
  show(false);
};
const drawGroups = redrawn<Groups>(list, ({ currency, groups, muted }) => {
  const parts = { root, api, currency, answered };
  const cards = [...groups.map((one) => groupCard(one, parts)), ...muted.map((one) => mutedCard(one, parts))];
  return cards.length === 0
    ? [emptiness(EMPTY[states.now()])]
    : [
        element(
          'ol',
          { class: 'groups', 'aria-label': 'Groups of findings' },
          ...cards.map((card) => element('li', {}, card)),
        ),
      ];
});
const EMPTY: Record<State, string> = {
  open: 'Nothing is open.',
  rare: 'Nothing stands in one or two orders alone.',
  quiet: 'Nothing has gone quiet.',
  muted: 'Nothing is muted.',
};
const drawAround = redrawn<Summary>(around, (summary) => [
  rulesPanel(summary.rules, api, answered),
  driftPanel(summary.drift),
  warmthPanel(summary),
  modelPanel(summary),
]);

setInterval(() => {
  if (!document.hidden && !known.hidden) show(false);
}, AGAIN_MS);
show(true);

/** `isNew`: of another span, or for somebody else. */
function show(isNew: boolean): void {
  const [span, state] = [spans.now(), states.now()];
  const ask = async () => {
    const [summary, groups] = await Promise.all([api.summary(span), api.groups(state)]);
    return { summary, groups };
  };
  void load(ask, (loaded) => {
    if (spans.now() !== span || states.now() !== state) return;
    if (loaded.state === 'loading') return;
    trouble.replaceChildren(
      group(viewOf(loaded, { what: 'findings', retry: () => show(true), ready: () => undefined })),
    );
    if (loaded.state !== 'ready') return;
    locked.form.hidden = true;
    known.hidden = false;
    const { summary, groups } = loaded.value;
    verdict.textContent = inWords(summary);
    drawGroups(groups);
    const isPart =
      groups.groups.length + groups.muted.length === MOST_GROUPS && summary.groups[state] > MOST_GROUPS;
    left.textContent = isPart
      ? `The ${whole(MOST_GROUPS)} seen last, of ${whole(summary.groups[state])}.`
      : '';
    drawAround(summary);
    drawCharts(summary, isNew);
  });
}

function inWords({ orders, groups, layers }: Summary): string {
  if (layers.length === 0) return 'Orders are not reviewed: QUALITY is off.';
  const { clean, warned, held, invalid, lost, unreviewed } = orders;
  const parts = [
    `${counted(clean + warned + held, 'order')} reviewed, ${whole(warned + held)} with findings`,
    ...(held > 0 ? [`${whole(held)} held`] : []),
    `${whole(invalid)} invalid`,
    ...(unreviewed > 0 ? [`${whole(unreviewed)} counted without a review`] : []),
    ...(lost > 0 ? [`findings of ${whole(lost)} lost`] : []),
  ];
  return `${parts.join(', ')}; ${counted(groups.open, 'group')} open, ${whole(groups.rare)} of one or two orders.`;
}

function drawCharts({ points }: Summary, isNew: boolean): void {
  const times = points.map(({ time }) => Date.parse(time) / 1_000);
  const line = (name: 'clean' | 'warned' | 'held' | 'invalid', title: string, colour: string) => ({
    name: title,
    colour,
    values: points.map((point) => point[name]),
  });
  charts[0]?.show({ times, lines: [line('clean', 'clean', '--series-2')] }, isNew);
  charts[1]?.show(
    {
      times,
      lines: [
        line('warned', 'with findings', '--series-3'),
        line('held', 'held', '--series-5'),
        line('invalid', 'invalid', '--series-4'),
      ],
    },
    isNew,
  );
}

/** A few of which one holds; it stands in the address. */
function choices<Name extends string>(
  name: string,
  title: string,
  all: Readonly<Record<Name, string>>,
  byDefault: Name,
) {
  const now = (): Name => {
    const asked = new URLSearchParams(location.search).get(name) ?? '';
    return Object.hasOwn(all, asked) ? (asked as Name) : byDefault;
  };
  const choose = (value: string) => {
    const address = new URL(location.href);
    address.searchParams.set(name, value);
    history.replaceState(null, '', address);
    said.textContent = '';
    show(true);
  };
  const inputs = (Object.entries(all) as [Name, string][]).map(([value, text]) => {
    const input = element('input', {
      type: 'radio',
      name,
      value,
      checked: value === now(),
      on: { change: () => choose(value) },
    });
    return element('label', {}, input, text);
  });
  const field = element(
    'fieldset',
    { class: 'choice' },
    element('legend', { class: 'unseen' }, title),
    element('div', { class: 'segments' }, ...inputs),
  );
  return { now, field };
}
