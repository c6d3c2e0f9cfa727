import { action } from '../kit/action.ts';
import { breakable } from '../kit/breakable.ts';
import { element, group } from '../kit/element.ts';
import { counted, dayAndTime, percent, whole } from '../kit/format.ts';
import { table } from '../kit/table.ts';
import { quoted, ruleInWords } from './groupCard.ts';
import type { QualityApi, Rule, Summary } from './qualityApi.ts';

const panel = (title: string, ...content: (Node | string)[]): HTMLElement =>
  element('section', { class: 'panel block' }, element('h3', {}, title), ...content);

/** How right each rule is by what people said. */
export function rulesPanel(
  rules: readonly Rule[],
  api: QualityApi,
  answered: (said: string) => void,
): HTMLElement {
  return panel(
    'How right each rule is',
    table({
      label: 'How right each rule is',
      rows: rules,
      empty: 'No rule has found anything yet.',
      columns: [
        { title: 'Rule', cell: ({ rule }) => ruleInWords(rule) },
        { title: 'Right', cell: ({ right }) => whole(right), isNumber: true },
        { title: 'Wrong', cell: ({ wrong }) => whole(wrong), isNumber: true },
        { title: 'Disputed', cell: ({ disputed }) => whole(disputed), isNumber: true },
        {
          title: 'Precision',
          cell: ({ precision }) =>
            precision === null
              ? element('span', { class: 'quiet' }, 'no labels')
              : `${percent(precision.value)} (${percent(precision.low)} to ${percent(precision.high)})`,
        },
        { title: 'Muted', cell: ({ muted }) => whole(muted), isNumber: true },
        { title: '', cell: (rule) => loweredOf(rule, api, answered) },
      ],
    }),
  );
}

function loweredOf({ rule, lowered }: Rule, api: QualityApi, answered: (said: string) => void): Node {
  if (lowered === null) return group();
  const restore = action(
    'Restore',
    async () => {
      await api.restore(rule);
      answered(`${ruleInWords(rule)} speaks as it is written again.`);
    },
    { class: 'small', 'aria-label': `Restore ${ruleInWords(rule)}` },
  );
  return group(
    element(
      'p',
      {},
      `${counted(lowered.steps, 'step')} down since ${dayAndTime(lowered.at)}: ${lowered.why}.`,
    ),
    restore.button,
    restore.said,
  );
}

/** What has shifted for good, as far as anybody can say so. */
export const driftPanel = (drift: Summary['drift']): HTMLElement =>
  panel(
    'What has shifted',
    table({
      label: 'What has shifted',
      rows: drift,
      empty: 'No price and no field of a sender has moved.',
      columns: [
        { title: 'What', cell: ({ key }) => quoted(key) },
        { title: 'How', cell: ({ rule }) => ruleInWords(rule) },
        { title: 'Now', cell: ({ observed }) => group(...breakable(observed)) },
        { title: 'Before', cell: ({ expected }) => group(...breakable(expected)) },
        { title: 'Orders', cell: ({ orders }) => whole(orders), isNumber: true },
      ],
    }),
  );

/** Whether silence means anything: how many lines had something to be held against. */
export const warmthPanel = ({ lines, layers }: Summary): HTMLElement =>
  panel(
    'What stands behind the silence',
    lines.share === null
      ? element(
          'p',
          {},
          layers.includes('learned')
            ? 'No line was judged in this time.'
            : 'Nothing is learned: QUALITY leaves it out.',
        )
      : group(
          element('meter', { min: 0, max: 1, value: lines.share, 'aria-label': 'Lines on warm baselines' }),
          element(
            'p',
            {},
            `${percent(lines.share)} of ${counted(lines.reviewed, 'line')} had a baseline that is warm. Of the others nothing is said, which is not the same as nothing wrong.`,
          ),
        ),
  );

/** How calls ended. A canary is missed in one that ended well. */
function endsOf({ outcomes }: NonNullable<Summary['model']>): string {
  const ends = Object.entries(outcomes).filter(([outcome]) => outcome !== 'canary_failed');
  const said = ends
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, times]) => `${whole(times)} ${outcome.replaceAll('_', ' ')}`);
  return said.length === 0 ? '' : `: ${said.join(', ')}`;
}

/** What the language model cost today, and how it behaves. */
export const modelPanel = ({ model }: Summary): HTMLElement =>
  model === null
    ? panel('Language model', element('p', {}, 'No model is asked: set LLM_BASE_URL and LLM_MODEL.'))
    : panel(
        'Language model',
        element('p', {}, element('code', {}, ...breakable(model.name))),
        // Either cap ends the day; of a model that costs nothing the tokens do.
        element('meter', {
          min: 0,
          max: 1,
          value: Math.max(
            model.dollars / Math.max(model.dollars_cap, model.dollars, 0.01),
            model.tokens / Math.max(model.tokens_cap, model.tokens),
          ),
          'aria-label': 'Spent of the daily budget',
        }),
        element(
          'p',
          {},
          `${model.dollars.toFixed(4)} of ${model.dollars_cap.toFixed(2)} dollars and ${whole(model.tokens)} of ${whole(model.tokens_cap)} tokens on ${model.day}, in ${counted(model.calls, 'call')}${endsOf(model)}.`,
        ),
        element(
          'p',
          { class: 'quiet' },
          `${counted(model.parse_failures, 'answer')} could not be read, ${counted(model.canary_misses, 'canary', 'canaries')} missed.`,
          ...(model.open_until === null ? [] : [` No call until ${dayAndTime(model.open_until)} UTC.`]),
        ),
      );
