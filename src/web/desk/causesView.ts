import { element, group } from '../kit/element.ts';
import { counted, dayAndTime } from '../kit/format.ts';
import { redrawn } from '../kit/redraw.ts';
import { viewOf } from '../kit/stateView.ts';
import { autoList } from './autoRepairs.ts';
import { holdInWords } from './causeHold.ts';
import type { Cause, Causes } from './deskApi.ts';
import { follow } from './follow.ts';
import { asideList, runsList } from './lists.ts';
import { trend } from './trend.ts';
import { linkTo, type View } from './view.ts';
import { causeInWords, waitingInWords, worthInWords } from './words.ts';

const AGAIN_MS = 5_000;

/** What waits, how much money it holds up, and of which causes. */
export const causesView: View = (desk) => {
  const { api, signal, values } = desk;
  const held = values.held === 'only' ? 'only' : 'without';
  const place = element('div', { class: 'view' });
  const draw = redrawn(place, (state: Parameters<typeof viewOf<Causes>>[0]) => [
    group(viewOf(state, { what: 'failed orders', ready: held === 'only' ? onHold : waiting })),
  ]);
  void follow(
    () => api.groups(held),
    () => AGAIN_MS,
    signal,
    draw,
  );
  if (held === 'only')
    return group(element('a', { class: 'back', href: linkTo('causes') }, 'All causes'), place);
  return group(place, autoList(desk), runsList(api, signal), asideList(api, signal));
};

const onHold = ({ groups, currency }: Causes): DocumentFragment =>
  group(
    element(
      'section',
      { class: 'waiting', 'aria-label': 'On hold' },
      element(
        'h2',
        {},
        groups.length === 0 ? 'No cause is on hold.' : `${counted(groups.length, 'cause')} on hold.`,
      ),
      element('p', { class: 'quiet' }, 'Each is in the list again once an order fails for it that is new.'),
    ),
    causesList('Causes on hold, largest money first', groups, currency),
  );

const causesList = (label: string, causes: readonly Cause[], currency: string): HTMLElement | false =>
  causes.length > 0 &&
  element(
    'ol',
    { class: 'causes', 'aria-label': label },
    ...causes.map((cause) => element('li', {}, causeCard(cause, currency))),
  );

function waiting(all: Causes): DocumentFragment {
  const { orders, groups, held, since, currency } = all;
  if (orders === 0)
    return group(
      element(
        'section',
        { class: 'waiting', 'aria-label': 'What waits' },
        element('h2', {}, 'Nothing waits for you.'),
        element('p', { class: 'quiet' }, 'No order has failed, or all that have were repaired.'),
      ),
    );
  return group(
    element(
      'section',
      { class: 'waiting', 'aria-label': 'What waits' },
      element(
        'h2',
        { 'aria-live': 'polite' },
        `${waitingInWords(all, currency)}, from ${counted(groups.length + held, 'cause')}.`,
      ),
      element(
        'p',
        { class: 'quiet' },
        since !== null && `The first of them failed ${dayAndTime(since)} UTC. `,
        held > 0 &&
          element('a', { href: linkTo('causes', { held: 'only' }) }, `${counted(held, 'cause')} on hold`),
      ),
    ),
    causesList('Causes, largest money first', groups, currency),
  );
}

function causeCard(cause: Cause, currency: string): HTMLElement {
  const { orders, users, hold } = cause;
  return element(
    'a',
    { class: 'cause', href: linkTo('repair', { cause: cause.cause }) },
    element('strong', { class: 'worth' }, worthInWords(cause, currency)),
    element('span', { class: 'what' }, causeInWords(cause)),
    element(
      'span',
      { class: 'facts' },
      cause.new && element('span', { class: 'badge new' }, 'New today'),
      element('span', {}, counted(orders, 'order')),
      users > 0 && element('span', {}, counted(users, 'user')),
      element('span', {}, seenInWords(cause)),
      trend(cause.trend),
    ),
    hold !== null && holdInWords(hold),
  );
}

export const seenInWords = ({ first_seen, last_seen }: Cause): string =>
  `first ${whenInWords(first_seen)}, last ${whenInWords(last_seen)} UTC`;

const whenInWords = (iso: string): string => (isToday(iso) ? `today ${iso.slice(11, 16)}` : dayAndTime(iso));

const isToday = (iso: string): boolean => iso.slice(0, 10) === new Date().toISOString().slice(0, 10);
