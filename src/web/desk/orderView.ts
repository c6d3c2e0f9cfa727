import { copyButton } from '../kit/copyButton.ts';
import { type Child, element, group } from '../kit/element.ts';
import { dayAndTime, money } from '../kit/format.ts';
import type { Loadable } from '../kit/loadable.ts';
import { viewOf } from '../kit/stateView.ts';
import type { Fault, OrderStory, Standing } from './deskApi.ts';
import { follow } from './follow.ts';
import { differences, type Sent, sentIn } from './jsonTree.ts';
import { whoInWords } from './lists.ts';
import { orderEditor } from './orderEditor.ts';
import { orderJson } from './orderJson.ts';
import { putAway } from './putAway.ts';
import { type Desk, linkTo, type View } from './view.ts';
import { wholeStory } from './wholeStory.ts';
import { changesList, quoted } from './words.ts';

const AGAIN_MS = 1_000;

const STATES: Record<OrderStory['state'], string> = {
  failed: 'It has failed and waits for you.',
  aside: 'It was set aside.',
  completed: 'It has ended.',
  waiting: 'It is on its way to be counted.',
  ended: 'It has ended. What was kept beside it is shown.',
};

/** One order: how it stands, what is wrong at each place, who edited what, and what can be done. */
export const orderView: View = (desk) => {
  const job = desk.values.job ?? '';
  const place = element('div', { class: 'view' });
  const { api, signal } = desk;
  const draw = (state: Loadable<OrderStory>) =>
    place.replaceChildren(
      group(viewOf(state, { what: 'the order', ready: (story) => storyOf(desk, story, look), retry: look })),
    );
  // While it is on its way it will be something else soon.
  const again = (story: OrderStory | undefined) => (story?.state === 'waiting' ? AGAIN_MS : undefined);
  const look = () => void follow(() => api.order(job), again, signal, draw);
  look();
  return group(element('a', { class: 'back', href: linkTo('causes') }, 'All causes'), place);
};

const faultsOf = ({ now }: OrderStory): Fault[] =>
  (now?.issues ?? []).map(({ reason, path, message }) => ({ reason, path, why: message }));

function storyOf(desk: Desk, story: OrderStory, look: () => void): DocumentFragment {
  const { job, state, data, now, original, edits, outcome, aside, failed_reason, currency } = story;
  const sent = sentIn(data ?? original);
  const faults = faultsOf(story);
  const mayEdit = desk.mayAct && state === 'failed';
  const isEdited = mayEdit && desk.values.edit !== undefined;
  const { order_id: id } = Object(sent.value) as { order_id?: unknown };
  return group(
    element(
      'section',
      { class: 'cause-head', 'aria-label': 'How it stands' },
      element('h2', {}, typeof id === 'string' ? group('Order ', quoted(id)) : 'An order without an id'),
      element('p', {}, STATES[state], ' ', now !== null && nowInWords(now, currency)),
      outcome !== null && element('p', {}, `Repaired: ${outcome.outcome}, ${dayAndTime(outcome.at)} UTC.`),
      aside !== null &&
        element(
          'p',
          {},
          `Set aside ${dayAndTime(aside.at)} UTC by `,
          element('bdi', {}, whoInWords(aside.by)),
          ': ',
          element('bdi', {}, aside.reason),
        ),
      faults.length === 0 &&
        failed_reason !== null &&
        element('p', { class: 'quiet' }, 'It had failed: ', element('bdi', {}, failed_reason)),
      element(
        'p',
        { class: 'facts' },
        element('span', {}, 'Job ', quoted(job)),
        copyButton('Copy link', () => location.href),
      ),
    ),
    isEdited
      ? orderEditor(desk, story, saved)
      : sent.value !== null &&
          element(
            'section',
            { class: 'panel', 'aria-label': 'The order' },
            element(
              'div',
              { class: 'head' },
              element('h3', {}, data === null ? 'As it came' : 'As it is'),
              mayEdit &&
                element('a', { class: 'button', href: linkTo('order', { job, edit: 'yes' }) }, 'Edit it'),
            ),
            orderJson(sent, faults),
          ),
    edits.length > 0 && history(original, edits),
    wholeStory(story),
    mayEdit &&
      element(
        'p',
        {},
        element('a', { href: linkTo('repair', { job }) }, 'Repair it by a recipe, or retry it as it is'),
      ),
    desk.mayAct &&
      (state === 'failed' || state === 'aside') &&
      putAway(desk, { jobs: [job] }, { orders: 1, isAside: state === 'aside', done: look }),
  );

  function saved(): void {
    location.replace(linkTo('order', { job }));
  }
}

function nowInWords({ outcome, ledger, money: amount }: Standing, currency: string): Child {
  const worth = amount === null ? '' : `, for ${money(amount, currency)}`;
  if (outcome === 'still fails')
    return ledger === 'other' && 'The ledger has counted another order of this name.';
  return outcome === 'duplicate'
    ? `The ledger has counted it${worth}.`
    : `The ledger has not counted it. As it is, it would count${worth}.`;
}

function history(original: unknown, edits: OrderStory['edits']): HTMLElement {
  const before = [original, ...edits.map(({ data }) => data)].map(sentIn);
  return element(
    'section',
    { class: 'panel', 'aria-label': 'Edits' },
    element('h3', {}, 'Edits'),
    element(
      'ol',
      { class: 'diffs' },
      ...edits.map(({ at, by }, nth) =>
        element(
          'li',
          {},
          element('p', {}, `${dayAndTime(at)} UTC, by `, element('bdi', {}, whoInWords(by))),
          changesList(differences(before[nth] as Sent, before[nth + 1] as Sent)),
        ),
      ),
    ),
  );
}
