import { Trouble } from '../kit/ask.ts';
import { copyButton } from '../kit/copyButton.ts';
import { element, group } from '../kit/element.ts';
import { counted } from '../kit/format.ts';
import { load } from '../kit/loadable.ts';
import { viewOf } from '../kit/stateView.ts';
import { causeFeatures } from './causeFeatures.ts';
import { causeHold, holdInWords } from './causeHold.ts';
import { seenInWords } from './causesView.ts';
import type { Cause, Looked, Where } from './deskApi.ts';
import { fourSteps } from './fourSteps.ts';
import { ordersList } from './ordersList.ts';
import { putAway } from './putAway.ts';
import { linkTo, type View, whereOf } from './view.ts';
import { causeInWords, whereInWords, worthInWords } from './words.ts';

/** All that is meant, repaired at once: a recipe, a trial, a reason, a run. */
export const repairView: View = (desk) => {
  const { api, mayAct, signal, values } = desk;
  const where = whereOf(values);
  const place = element('div', { class: 'view' });
  const ask = async (): Promise<Known> => {
    const [{ groups, currency }, looked] = await Promise.all([api.groups('all'), api.look(where)]);
    const cause = groups.find((each) => each.cause === where.cause);
    if (where.cause !== undefined && !cause)
      throw new Trouble('Nothing waits here', 'No order fails for this cause any more.');
    return { ...looked, cause, currency };
  };
  const look = () =>
    void load(ask, (state) => {
      if (signal.aborted) return;
      const done = () => location.assign(linkTo('causes'));
      const ready = (known: Known) =>
        group(
          head(where, known),
          mayAct
            ? group(
                fourSteps(desk, where, known),
                known.cause && causeHold(desk, known.cause, done),
                putAway(desk, where, { orders: known.cause?.orders, done }),
              )
            : element('p', { class: 'quiet' }, 'You may look. To repair orders takes the role repair.'),
          ordersList(desk, where),
        );
      place.replaceChildren(group(viewOf(state, { what: 'the cause', ready, retry: look })));
    });
  look();
  return group(element('a', { class: 'back', href: linkTo('causes') }, 'All causes'), place);
};

/** What is known before anybody chooses. */
interface Known extends Looked {
  /** Undefined when something else than a cause is meant. */
  cause: Cause | undefined;
  currency: string;
}

function head(where: Where, { cause, features, currency }: Known): HTMLElement {
  return element(
    'section',
    { class: 'cause-head', 'aria-label': 'What is repaired' },
    element('h2', {}, cause ? causeInWords(cause) : whereInWords(where)),
    cause &&
      element(
        'p',
        { class: 'facts' },
        cause.new && element('span', { class: 'badge new' }, 'New today'),
        element('strong', {}, counted(cause.orders, 'order')),
        cause.users > 0 && element('span', {}, counted(cause.users, 'user')),
        element('strong', {}, worthInWords(cause, currency)),
        element('span', {}, seenInWords(cause)),
      ),
    cause !== undefined && cause.hold !== null && holdInWords(cause.hold),
    causeFeatures(features),
    copyButton('Copy link', () => location.href),
  );
}
