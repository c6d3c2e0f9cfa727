import { action } from '../kit/action.ts';
import { breakable } from '../kit/breakable.ts';
import { element, group as several } from '../kit/element.ts';
import { counted, dayAndTime, money, percent, whole } from '../kit/format.ts';
import { picture } from './picture.ts';
import type { Fix, Group, Groups, QualityApi, Severity, Verdict } from './qualityApi.ts';

export interface CardParts {
  root: string;
  api: QualityApi;
  currency: string;
  /** Hears, in words, what came of an answer. */
  answered: (said: string) => void;
}

const SEVERITIES: Record<Severity, { title: string; look: string }> = {
  info: { title: 'Info', look: 'info' },
  warn: { title: 'Warning', look: 'warn' },
  hold: { title: 'Holds orders', look: 'bad' },
};

const LABELS: Record<Verdict, string> = { right: 'Right', wrong: 'Wrong', unsure: 'Unsure' };

export const ruleInWords = (rule: string): string => {
  const words = rule.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const quoted = (text: string): HTMLElement =>
  element('code', {}, element('bdi', {}, ...breakable(text)));

const fixInWords = (fix: readonly Fix[]): DocumentFragment =>
  several(
    ...fix.flatMap(({ path, value }, at) => [
      at > 0 && ', ',
      quoted(path),
      ' becomes ',
      quoted(typeof value === 'number' ? String(value) : JSON.stringify(value)),
    ]),
  );

/** One group: what was found against what was expected, how often, and what somebody may say or do about it. */
export function groupCard(one: Group, parts: CardParts): HTMLElement {
  const { title, look } = SEVERITIES[one.severity];
  const name = `group-${one.group}`;
  return element(
    'article',
    { class: 'panel finding', 'aria-labelledby': name },
    element(
      'h3',
      { id: name },
      ruleInWords(one.rule),
      quoted(one.key),
      element('span', { class: `badge ${look}` }, title),
    ),
    element(
      'div',
      { class: 'facts' },
      element('span', {}, counted(one.orders, 'order')),
      one.findings > one.orders && element('span', {}, counted(one.findings, 'line')),
      element('span', {}, `worth ${money(one.money, parts.currency)}`),
      element('span', {}, `since ${dayAndTime(one.first_seen)}`),
      element('span', {}, `last ${dayAndTime(one.last_seen)} UTC`),
    ),
    picture(one),
    element(
      'dl',
      { class: 'against' },
      ...row('Seen', several(quoted(one.observed), one.path !== '' && several(' at ', quoted(one.path)))),
      ...row(
        'Expected',
        several(
          ...breakable(one.expected),
          one.from !== null && ` (from ${counted(one.from, 'observation')})`,
        ),
      ),
      ...row('Sure', percent(one.confidence)),
      ...(one.fix === null ? [] : row('Would mend it', fixInWords(one.fix))),
    ),
    toldOf(one),
    labels(one, parts),
    deeds(one, parts),
  );
}

/** What is muted and has no group any more. */
export function mutedCard(one: Groups['muted'][number], parts: CardParts): HTMLElement {
  const name = `group-${one.group}`;
  const { button, said } = muteAction(one.group, true, parts);
  return element(
    'article',
    { class: 'panel finding', 'aria-labelledby': name },
    element('h3', { id: name }, ruleInWords(one.rule), quoted(one.key)),
    element('p', { class: 'quiet' }, 'Its group has gone. Workers say nothing of it.'),
    element('div', { class: 'actions' }, button),
    said,
  );
}

const row = (title: string, what: Node | string): HTMLElement[] => [
  element('dt', {}, title),
  element('dd', {}, what),
];

function toldOf({ model }: Group): HTMLElement | undefined {
  if (model === null) return undefined;
  const { outcome, verdict, cause, explanation } = model;
  return element(
    'p',
    { class: 'told' },
    outcome === 'ok'
      ? several(
          element('strong', {}, `The model thinks: ${verdict}, ${(cause ?? 'other').replaceAll('_', ' ')}.`),
          explanation !== null && several(' ', element('bdi', {}, explanation)),
        )
      : `The model was asked and gave nothing of use: ${outcome.replaceAll('_', ' ')}.`,
  );
}

function labels(one: Group, { api, answered }: CardParts): HTMLElement {
  const { together, ...counts } = one.labels;
  const buttons = (Object.keys(LABELS) as Verdict[]).map((label) =>
    action(
      counts[label] === 0 ? LABELS[label] : `${LABELS[label]} (${whole(counts[label])})`,
      async () => {
        const { together: now, lowered } = await api.label(one.group, label);
        answered(
          lowered === null
            ? `Labelled ${label}; together its labels say ${now}.`
            : `Labelled ${label}. The rule took a step down: ${lowered.why}.`,
        );
      },
      { class: 'small', 'aria-pressed': String(together === label) },
    ),
  );
  return element(
    'div',
    {},
    element(
      'div',
      { class: 'actions', role: 'group', 'aria-label': `Is this right? ${ruleInWords(one.rule)} ${one.key}` },
      element('span', { class: 'quiet' }, together === 'disputed' ? 'Disputed:' : 'Is this right?'),
      ...buttons.map(({ button }) => button),
    ),
    ...buttons.map(({ said }) => said),
  );
}

const muteAction = (group: string, muted: boolean, { api, answered }: CardParts) =>
  action(
    muted ? 'Unmute' : 'Mute',
    async () => {
      await api.mute(group, !muted);
      answered(muted ? 'It speaks again.' : 'Muted: workers say nothing of it from now on.');
    },
    { class: 'small' },
  );

function deeds(one: Group, parts: CardParts): HTMLElement {
  const { root, api, answered } = parts;
  const mute = muteAction(one.group, one.state === 'muted', parts);
  const reset = one.learned
    ? action(
        'Learn anew',
        async () => {
          await api.reset(one.rule, one.key);
          answered('What was learned of it is forgotten: workers learn it anew.');
        },
        { class: 'small' },
      )
    : undefined;
  const [example] = one.examples;
  const { fix } = one;
  const repair =
    one.severity === 'hold' && fix !== null && example !== undefined
      ? action(
          'Repair the newest',
          async () => {
            await api.repair(example, fix, `proposed by ${one.rule}`);
            answered(
              'Repaired and given to the workers: judged by the rules and the ledger, and in the audit log.',
            );
          },
          { class: 'small' },
        )
      : undefined;
  return element(
    'div',
    {},
    element(
      'div',
      { class: 'actions' },
      mute.button,
      reset?.button,
      repair?.button,
      example !== undefined &&
        element(
          'a',
          { href: `${root}desk#order?${new URLSearchParams({ job: example })}` },
          `Its newest order${one.severity === 'hold' ? ', on the desk' : ''}`,
        ),
    ),
    mute.said,
    reset?.said,
    repair?.said,
  );
}
