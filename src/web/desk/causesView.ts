import { element, group } from '../kit/element.ts';
import { counted, dayAndTime } from '../kit/format.ts';
import { redrawn } from '../kit/redraw.ts';
import { viewOf } from '../kit/stateView.ts';
import { autoList } from './autoRepairs.ts';
import type { Cause, Causes } from './deskApi.ts';
import { follow } from './follow.ts';
import { asideList, runsList } from './lists.ts';
import { linkTo, type View } from './view.ts';
import { causeInWords, waitingInWords, worthInWords } from './words.ts';

const AGAIN_MS = 5_000;

/** What waits, how much money it holds up, and of which causes. */
export const causesView: View = (desk) => {
  const { api, signal } = desk;
  const place = element('div', { class: 'view' });
  const draw = redrawn(place, (state: Parameters<typeof viewOf<Found>>[0]) => [
    group(viewOf(state, { what: 'failed orders', ready: waiting })),
  ]);
  const ask = async (): Promise<Found> => ({ ...(await api.groups()), currency: await api.currency() });
  void follow(ask, () => AGAIN_MS, signal, draw);
  return group(place, autoList(desk), runsList(api, signal), asideList(api, signal));
};

type Found = Causes & { currency: string };

function waiting(all: Found): DocumentFragment {
  const { orders, groups, since, currency } = all;
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
        { role: 'status' },
        `${waitingInWords(all, currency)}, from ${counted(groups.length, 'cause')}.`,
      ),
      since !== null &&
        element('p', { class: 'quiet' }, `The first of them failed ${dayAndTime(since)} UTC.`),
    ),
    element(
      'ol',
      { class: 'causes', 'aria-label': 'Causes, largest money first' },
      ...groups.map((cause) => element('li', {}, causeCard(cause, currency))),
    ),
  );
}

function causeCard(cause: Cause, currency: string): HTMLElement {
  const { orders, users } = cause;
  return element(
    'a',
    { class: 'cause', href: linkTo('repair', { cause: cause.cause }) },
    element('strong', { class: 'worth' }, worthInWords(cause, currency)),
    element('span', { class: 'what' }, causeInWords(cause)),
    element(
      'span',
      { class: 'facts' },
      isNew(cause) && element('span', { class: 'badge new' }, 'New today'),
      element('span', {}, counted(orders, 'order')),
      element('span', {}, counted(users, 'user')),
      element('span', {}, seenInWords(cause)),
    ),
  );
}

export const seenInWords = ({ first_seen, last_seen }: Cause): string =>
  `first ${whenInWords(first_seen)}, last ${whenInWords(last_seen)} UTC`;

const whenInWords = (iso: string): string => (isToday(iso) ? `today ${iso.slice(11, 16)}` : dayAndTime(iso));

export const isNew = ({ first_seen }: Cause): boolean => isToday(first_seen);

const isToday = (iso: string): boolean => iso.slice(0, 10) === new Date().toISOString().slice(0, 10);
