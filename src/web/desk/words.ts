import { type Child, element, group } from '../kit/element.ts';
import { counted, money, visible } from '../kit/format.ts';
import type { Cause, Change, Recipe, Scalar, Step, Where } from './deskApi.ts';

/** What an id or a value says stays in its own direction, whatever stands around it. */
export const quoted = (text: string): HTMLElement => element('code', {}, element('bdi', {}, visible(text)));

/** An id in a list: cut, and whole for whoever points at it. */
export const idText = (id: string): HTMLElement =>
  id === ''
    ? element('span', { class: 'quiet' }, 'without an id')
    : element('code', { class: 'id', title: visible(id) }, element('bdi', {}, visible(id)));

const REASONS: Record<string, string> = {
  invalid_json: 'No JSON',
  not_an_object: 'No order at all',
  missing_field: 'A field is missing',
  wrong_type: 'Wrong type',
  out_of_range: 'Out of range',
  bad_timestamp: 'No time that can be read',
  no_items: 'No items',
  order_value_mismatch: 'The total is not what the items add up to',
  currency_mismatch: 'Another currency',
  conflicting_duplicate: 'Counted before with other content',
  too_large: 'Too large',
  quality_hold: 'Held until somebody has looked',
  fault: 'A fault that did not pass',
  unreadable: 'The recipe cannot read what is there',
};

export const reasonInWords = (reason: string): string => REASONS[reason] ?? reason.replaceAll('_', ' ');

/** `Wrong type at items[*].price_per_unit, like "9,9"` */
export const causeInWords = ({
  reason,
  path,
  shape = '',
}: {
  reason: string;
  path: string;
  shape?: string;
}): DocumentFragment =>
  group(
    reasonInWords(reason),
    // Of the total there is one.
    path !== '' && reason !== 'order_value_mismatch' && group(' at ', quoted(path)),
    shape !== '' && shape !== 'nothing' && group(', like ', quoted(shape)),
  );

type Sums = Pick<Cause, 'orders' | 'money' | 'of_unknown_value'>;

/** What orders say they are worth, those that say nothing apart. */
export function worthInWords(
  { orders, money: sum, of_unknown_value: unknown }: Sums,
  currency: string,
): string {
  if (orders === unknown) return 'worth unknown';
  return `${money(sum, currency)}${unknown === 0 ? '' : ` and ${counted(unknown, 'order')} of unknown worth`}`;
}

/** `3,200 orders wait for you, worth 800,000.00 USD` */
export const waitingInWords = (sums: Sums, currency: string): string =>
  `${counted(sums.orders, 'order')} ${sums.orders === 1 ? 'waits' : 'wait'} for you` +
  (sums.orders === sums.of_unknown_value ? '' : `, worth ${worthInWords(sums, currency)}`);

export function whereInWords({ cause, reason, text, jobs }: Where): DocumentFragment {
  if (jobs)
    return group(
      jobs.length === 1 ? 'The order of job ' : `${counted(jobs.length, 'job')}, the first `,
      quoted(jobs[0] ?? ''),
    );
  return group(
    (cause ?? reason ?? text) ? 'Failed orders' : 'All failed orders',
    cause !== undefined && group(' of the cause ', quoted(cause)),
    reason !== undefined && `: ${reasonInWords(reason)}`,
    text !== undefined && group(' that hold ', quoted(text)),
  );
}

const shown = (value: Scalar | undefined): HTMLElement => quoted(JSON.stringify(value));

function stepInWords(step: Step): Child {
  const at = group(' in ', quoted(String(step.at)));
  switch (step.do) {
    case 'replace':
      return group('Replace ', shown(step.find), ' with ', shown(step.with), at);
    case 'decimal_comma':
      return group('Turn the decimal comma into a point', at);
    case 'text_to_number':
      return group('Turn text into a number', at);
    case 'set':
      return group('Set ', quoted(String(step.at)), ' to ', shown(step.value));
    case 'rename':
      return group('Rename ', quoted(String(step.at)), ' to ', quoted(String(step.to)));
    case 'cast':
      return group(`Write as ${String(step.to).replaceAll('_', ' ')}`, at);
    case 'recompute_total':
      return 'Add the total up anew from the items';
    case 'release':
      return 'Release: count it whatever its review finds';
    case 'drop_line':
      return group(
        'Drop lines of ',
        quoted(String(step.at)),
        ' whose ',
        quoted(String(step.where)),
        ' is ',
        shown(step.equals),
      );
    default:
      return quoted(JSON.stringify(step));
  }
}

export const recipeInWords = (recipe: Recipe | null): HTMLElement =>
  recipe === null
    ? element('p', {}, 'No recipe: as they are')
    : element('ol', { class: 'recipe' }, ...recipe.steps.map((step) => element('li', {}, stepInWords(step))));

/** What changed at each place: what was there, and what is there now. */
export const changesList = (changes: readonly Change[]): HTMLElement =>
  element(
    'ul',
    { class: 'changes' },
    ...changes.map(({ path, before, after }) =>
      element(
        'li',
        {},
        quoted(path),
        ' ',
        before === null ? element('span', { class: 'quiet' }, 'nothing') : element('del', {}, quoted(before)),
        ' → ',
        after === null ? element('span', { class: 'quiet' }, 'nothing') : element('ins', {}, quoted(after)),
      ),
    ),
  );
