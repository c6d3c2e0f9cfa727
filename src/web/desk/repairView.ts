import { Trouble } from '../kit/ask.ts';
import { copyButton } from '../kit/copyButton.ts';
import { element, group } from '../kit/element.ts';
import { counted } from '../kit/format.ts';
import { load } from '../kit/loadable.ts';
import { viewOf } from '../kit/stateView.ts';
import { autoForm } from './autoRepairs.ts';
import { isNew, seenInWords } from './causesView.ts';
import type { Cause, Proposal, Where } from './deskApi.ts';
import { fourSteps } from './fourSteps.ts';
import { ordersList } from './ordersList.ts';
import { putAway } from './putAway.ts';
import { linkTo, type View, whereOf } from './view.ts';
import { causeInWords, whereInWords, worthInWords } from './words.ts';

/** All that is meant, repaired at once: a recipe, a trial, a reason, a run. */
export const repairView: View = (desk) => {
  const { api, signal, values } = desk;
  const where = whereOf(values);
  const place = element('div', { class: 'view' });
  const ask = async (): Promise<Known> => {
    const [{ groups }, proposal, currency] = await Promise.all([
      api.groups(),
      api.proposal(where),
      api.currency(),
    ]);
    const cause = groups.find((each) => each.cause === where.cause);
    if (where.cause !== undefined && !cause)
      throw new Trouble('Nothing waits here', 'No order fails for this cause any more.');
    return { proposal, cause, currency };
  };
  const look = () =>
    void load(ask, (state) => {
      if (signal.aborted) return;
      const ready = (known: Known) =>
        group(
          head(where, known),
          fourSteps(desk, where, known),
          autoForm(desk, known.cause),
          putAway(desk, where, {
            orders: known.cause?.orders,
            done: () => location.assign(linkTo('causes')),
          }),
          ordersList(desk, where),
        );
      place.replaceChildren(group(viewOf(state, { what: 'the cause', ready, retry: look })));
    });
  look();
  return group(element('a', { class: 'back', href: linkTo('causes') }, 'All causes'), place);
};

/** What is known before anybody chooses. */
interface Known {
  proposal: Proposal | null;
  /** Undefined when something else than a cause is meant. */
  cause: Cause | undefined;
  currency: string;
}

function head(where: Where, { cause, currency }: Known): HTMLElement {
  return element(
    'section',
    { class: 'cause-head', 'aria-label': 'What is repaired' },
    element('h2', {}, cause ? causeInWords(cause) : whereInWords(where)),
    cause &&
      element(
        'p',
        { class: 'facts' },
        isNew(cause) && element('span', { class: 'badge new' }, 'New today'),
        element('strong', {}, counted(cause.orders, 'order')),
        element('span', {}, counted(cause.users, 'user')),
        element('strong', {}, worthInWords(cause, currency)),
        element('span', {}, seenInWords(cause)),
      ),
    copyButton('Copy link', () => location.href),
  );
}
