import { copyButton } from '../kit/copyButton.ts';
import { type Child, element, group } from '../kit/element.ts';
import { dayAndTime, money } from '../kit/format.ts';
import { load } from '../kit/loadable.ts';
import { viewOf } from '../kit/stateView.ts';
import type { Fault, OrderStory } from './deskApi.ts';
import { differences, type Sent, sentIn } from './jsonTree.ts';
import { whoInWords } from './lists.ts';
import { orderJson } from './orderJson.ts';
import { putAway } from './putAway.ts';
import { type Desk, linkTo, type View } from './view.ts';
import { changesList, quoted } from './words.ts';

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
  const ask = async (): Promise<Found> => {
    const [story, { orders }, currency] = await Promise.all([
      api.order(job),
      // All that is wrong with it; the story has what would stop it first.
      api.search({ text: job }),
      api.currency(),
    ]);
    const issues = orders.find((each) => each.job === job)?.issues ?? [];
    return { story, faults: faultsOf(story, issues), currency };
  };
  const look = () =>
    void load(ask, (state) => {
      if (signal.aborted) return;
      const ready = (found: Found) => storyOf(desk, found, look);
      place.replaceChildren(group(viewOf(state, { what: 'the order', ready, retry: look })));
    });
  look();
  return group(element('a', { class: 'back', href: linkTo('causes') }, 'All causes'), place);
};

/** What is wrong now, and with it all that was wrong when it failed, in the words of then. */
function faultsOf({ now, failed_reason }: OrderStory, issues: readonly Fault[]): Fault[] {
  if (!now?.fault) return [];
  const said = (failed_reason ?? '').split('; ');
  const others = issues.filter(({ path }) => path !== now.fault?.path);
  return [now.fault, ...others.map((issue) => ({ ...issue, why: whyIn(said, issue) }))];
}

const whyIn = (said: readonly string[], { reason, path }: Fault): string | undefined =>
  said.find((each) => each.startsWith(`${reason}: ${path} `))?.slice(reason.length + 2);

interface Found {
  story: OrderStory;
  faults: Fault[];
  currency: string;
}

function storyOf(desk: Desk, { story, faults, currency }: Found, look: () => void): DocumentFragment {
  const { job, state, data, now, original, edits, outcome, aside, failed_reason } = story;
  const sent = sentIn(data ?? original);
  const { order_id: id } = Object(sent.value) as { order_id?: unknown };
  return group(
    element(
      'section',
      { class: 'cause-head', 'aria-label': 'How it stands' },
      element('h2', {}, typeof id === 'string' ? group('Order ', quoted(id)) : 'An order without an id'),
      element('p', {}, STATES[state], ' ', now !== null && ledgerInWords(now, currency)),
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
        element('p', { class: 'quiet' }, element('bdi', {}, failed_reason)),
      element(
        'p',
        { class: 'facts' },
        element('span', {}, 'Job ', quoted(job)),
        copyButton('Copy link', () => location.href),
      ),
    ),
    sent.value !== null &&
      element(
        'section',
        { class: 'panel', 'aria-label': 'The order' },
        element('h3', {}, data === null ? 'As it came' : 'As it is'),
        orderJson(sent, faults),
      ),
    edits.length > 0 && history(original, edits),
    state === 'failed' &&
      element('p', {}, element('a', { href: linkTo('repair', { job }) }, 'Repair it, or retry it as it is')),
    (state === 'failed' || state === 'aside') &&
      putAway(desk, { jobs: [job] }, { orders: 1, isAside: state === 'aside', done: look }),
  );
}

function ledgerInWords({ ledger, money: amount }: NonNullable<OrderStory['now']>, currency: string): Child {
  const worth = amount === null ? '' : `, for ${money(amount, currency)}`;
  if (ledger === 'same') return `The ledger has counted it${worth}.`;
  if (ledger === 'other') return 'The ledger has counted another order of this name.';
  return ledger === 'absent' && `The ledger has not counted it. As it is, it would count${worth}.`;
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
