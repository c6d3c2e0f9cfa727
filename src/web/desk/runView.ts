import { type Action, action } from '../kit/action.ts';
import { copyButton } from '../kit/copyButton.ts';
import { element, group } from '../kit/element.ts';
import { counted, dayAndTime, whole } from '../kit/format.ts';
import { viewOf } from '../kit/stateView.ts';
import type { Receipt, Run, RunAction, RunState } from './deskApi.ts';
import { follow } from './follow.ts';
import { whoInWords } from './lists.ts';
import { receiptView } from './receiptView.ts';
import { linkTo, type View } from './view.ts';
import { recipeInWords, whereInWords } from './words.ts';

const AGAIN_MS = 1_000;

const STATES: Record<RunState, string> = {
  preparing: 'is being prepared',
  running: 'is running',
  paused: 'is paused',
  stopped: 'has stopped by itself',
  cancelled: 'was cancelled',
  done: 'is done',
};

const ACTIONS: Record<RunAction, { title: string; in: readonly RunState[] }> = {
  pause: { title: 'Pause', in: ['running'] },
  resume: { title: 'Resume', in: ['paused', 'stopped'] },
  cancel: { title: 'Cancel the rest', in: ['preparing', 'running', 'paused', 'stopped'] },
};

/** A run while it goes on, and its receipt. */
export const runView: View = ({ api, mayAct, signal, values }) => {
  const id = values.run ?? '';
  const heading = element('h2', { 'aria-live': 'polite', tabindex: -1 });
  const bar = element('progress', { max: 1, 'aria-label': 'Orders that have ended' });
  const counts = element('p', { class: 'facts' });
  const facts = element('dl', { class: 'run-facts' });
  const receipt = element('div', { class: 'view' });
  const trouble = element('div', {});
  const actions = (Object.keys(ACTIONS) as RunAction[]).map((name) =>
    action(
      ACTIONS[name].title,
      async () => {
        show(await api.control(id, name));
        look();
      },
      { hidden: true },
    ),
  );
  const shown = element(
    'div',
    { class: 'view', hidden: true },
    element(
      'section',
      { class: 'run', 'aria-label': 'The run' },
      heading,
      bar,
      counts,
      element(
        'div',
        { class: 'actions' },
        ...actions.map(({ button }) => button),
        copyButton('Copy link', () => location.href),
      ),
      ...actions.map(({ said }) => said),
      facts,
    ),
    receipt,
  );

  let round = new AbortController();
  signal.addEventListener('abort', () => round.abort());
  function look(): void {
    round.abort();
    round = new AbortController();
    // Once it is over, what its orders became may still change for those that were under way.
    const again = (last: Found | undefined) =>
      last && isOver(last[0]) && last[0].counts.under_way === 0 ? undefined : AGAIN_MS;
    void follow<Found>(
      async () => {
        const run = await api.run(id);
        // It looks every order up in the ledger: not each second while they go.
        return [run, GOING.includes(run.state) ? undefined : await api.receipt(id)];
      },
      again,
      round.signal,
      (state) => {
        const ready = ([run, proof]: Found) => {
          shown.hidden = false;
          show(run);
          receipt.replaceChildren(
            proof
              ? receiptView(proof)
              : element('p', { class: 'quiet' }, 'The receipt is here once the run is over or held.'),
          );
          return undefined;
        };
        trouble.replaceChildren(group(viewOf(state, { what: 'the run', ready })));
      },
    );
  }

  let drawn = '';
  function show(run: Run): void {
    const { state, why, orders } = run;
    const { ended, failed_again, left, gone, under_way, todo } = run.counts;
    const what = run.recipe === null ? 'retry' : 'repair';
    const text = `The ${what} of ${counted(orders, 'order')} ${STATES[state]}.`;
    // Read out loud when it changes, not each second.
    if (heading.textContent !== text) heading.replaceChildren(text);
    bar.value = orders === 0 ? 0 : (ended + failed_again + left + gone) / orders;
    counts.replaceChildren(
      ...[
        `${whole(ended)} ended well`,
        failed_again > 0 && `${whole(failed_again)} failed again`,
        left > 0 && `${whole(left)} left alone: they would fail again`,
        gone > 0 && `${whole(gone)} gone: somebody was there first`,
        under_way > 0 && `${whole(under_way)} under way`,
        todo > 0 &&
          `${whole(todo)} ${state === 'cancelled' ? 'not sent: they are failed as before' : 'to come'}`,
        why !== null && why,
      ]
        .filter((each) => each !== false)
        .map((each) => element('span', {}, each)),
    );
    const focused = actions.find(({ button }) => button === document.activeElement);
    for (const [index, { in: states }] of Object.values(ACTIONS).entries())
      (actions[index] as Action).button.hidden = !mayAct || !states.includes(state);
    // Whoever has pressed it by keyboard would begin at the top of the page again.
    if (focused?.button.hidden) (actions.find(({ button }) => !button.hidden)?.button ?? heading).focus();
    const fixed = JSON.stringify([run.recipe, run.ended_at]);
    if (fixed === drawn) return;
    drawn = fixed;
    facts.replaceChildren(
      ...fact('By', element('bdi', {}, whoInWords(run.who))),
      ...fact('Why', element('bdi', {}, run.because)),
      ...fact('Begun', `${dayAndTime(run.at)} UTC`),
      ...(run.ended_at === null ? [] : fact('Ended', `${dayAndTime(run.ended_at)} UTC`)),
      ...fact('Orders', whereInWords(run.where)),
      ...fact('Recipe', recipeInWords(run.recipe)),
      ...(run.recipe_name === null ? [] : fact('Saved as', element('bdi', {}, run.recipe_name))),
    );
  }
  look();
  return group(element('a', { class: 'back', href: linkTo('causes') }, 'All causes'), trouble, shown);
};

type Found = readonly [Run, Receipt | undefined];
const GOING: readonly RunState[] = ['preparing', 'running'];
const isOver = ({ state }: Run): boolean => state === 'done' || state === 'cancelled';

const fact = (title: string, value: Node | string): HTMLElement[] => [
  element('dt', {}, title),
  element('dd', {}, value),
];
