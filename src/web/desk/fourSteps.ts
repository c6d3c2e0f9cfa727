import { action, labelled } from '../kit/action.ts';
import { type Child, element, group } from '../kit/element.ts';
import { counted, whole } from '../kit/format.ts';
import { type Loadable, load } from '../kit/loadable.ts';
import { viewOf } from '../kit/stateView.ts';
import { makeStore, type Store } from '../kit/store.ts';
import type { Cause, Proposal, Recipe, Tried, Where } from './deskApi.ts';
import { recipeForm } from './recipeForm.ts';
import { savedRecipes } from './savedRecipes.ts';
import { trialView } from './trialView.ts';
import { type Desk, linkTo } from './view.ts';

interface Plan {
  /** Null retries the orders as they are; undefined is not said yet. */
  recipe: Recipe | null | undefined;
  /** What it is saved as, while it is that very recipe. */
  name: string | undefined;
  trial: Loadable<Tried>;
  because: string;
}

interface Known {
  cause: Cause | undefined;
  proposal: Proposal | null;
}

/** Stops by itself when more than that has failed again. */
const STOP_PERCENT = 20;
const RATES = [1_000, 200, 50, 10];

/** Recipe, trial, reason, run: what is to be sent is tried first, by the very recipe it is sent with. */
export function fourSteps(desk: Desk, where: Where, known: Known): HTMLElement {
  const plan = makeStore<Plan>({ recipe: undefined, name: undefined, trial: { state: 'idle' }, because: '' });
  return element(
    'form',
    { class: 'four', 'aria-label': 'Repair', on: { submit: (event) => event.preventDefault() } },
    step(1, 'Recipe', ...recipeStep(plan, desk, known)),
    step(2, 'Try', ...tryStep(plan, desk, where, known)),
    step(3, 'Reason', reasonField(plan)),
    step(4, 'Run', ...runStep(plan, desk, where)),
  );
}

function recipeStep(plan: Store<Plan>, desk: Desk, { cause, proposal }: Known): Child[] {
  let kept = proposal?.recipe;
  const setRecipe = (recipe: Recipe | null | undefined, name?: string) => {
    kept = recipe ?? kept;
    if (name === undefined) saved.forget();
    const { trial } = plan.now;
    const old = trial.state === 'ready' || trial.state === 'stale' ? trial.value : undefined;
    const stale = { state: 'stale', why: 'The recipe has changed since. Try it again.' } as const;
    plan.set({ recipe, name, trial: old ? { ...stale, value: old } : { state: 'idle' } });
  };
  const saved = savedRecipes(desk, {
    chosen: ({ recipe, name, version }) => {
      form.fill(recipe);
      setRecipe(recipe, `${name}@${version}`);
    },
    current: () => plan.now.recipe ?? undefined,
  });
  const form = recipeForm(cause?.path ?? '', (recipe) => setRecipe(recipe));
  const made = element('div', { class: 'recipe-form' }, saved.choice, form.form, saved.saving);
  const choice = (title: string, choose: () => void, checked: boolean) =>
    element(
      'label',
      {},
      element('input', { type: 'radio', name: 'how', value: title, checked, on: { change: choose } }),
      title,
    );
  const withRecipe = () => {
    made.hidden = false;
    form.fill(kept);
    setRecipe(kept);
  };
  const asTheyAre = () => {
    made.hidden = true;
    setRecipe(null);
  };
  withRecipe();
  return [
    element(
      'p',
      { class: 'quiet' },
      proposal
        ? `Proposed: ${whole(proposal.passes)} of ${whole(proposal.of)} orders looked at pass with it.`
        : 'No recipe is known that makes them pass.',
    ),
    element(
      'fieldset',
      { class: 'choice' },
      element('legend', { class: 'unseen' }, 'How'),
      element(
        'div',
        { class: 'segments' },
        choice('With a recipe', withRecipe, true),
        choice('As they are', asTheyAre, false),
      ),
    ),
    made,
  ];
}

function tryStep(plan: Store<Plan>, { api, signal }: Desk, where: Where, { cause }: Known): Child[] {
  const trial = element('div', {});
  const { button } = action(
    cause ? `Try on ${counted(cause.orders, 'order')}` : 'Try on all of them',
    async () => {
      const { recipe, name } = plan.now;
      if (recipe === undefined) return;
      await load(
        () => api.try(where, { recipe, name }),
        (state) => {
          // Another recipe is there by now.
          if (!signal.aborted && plan.now.recipe === recipe) plan.set({ trial: state });
        },
      );
    },
    { class: 'main' },
  );
  plan.watch(
    ({ recipe, trial: { state } }) => recipe === undefined || state === 'loading',
    (cannot) => button.setAttribute('aria-disabled', String(cannot)),
  );
  plan.watch(
    ({ trial: state }) => state,
    (state) => {
      const idle = () => element('p', { class: 'quiet' }, 'Nothing is written by a trial.');
      trial.replaceChildren(
        group(
          viewOf(state, {
            what: 'the trial of every order',
            idle,
            ready: trialView,
          }),
        ),
      );
    },
  );
  return [button, trial];
}

function reasonField(plan: Store<Plan>): HTMLElement {
  const input = element('input', {
    id: 'reason',
    maxlength: 500,
    autocomplete: 'off',
    dir: 'auto',
    on: { input: () => plan.set({ because: input.value.trim() }) },
  });
  return labelled('Why, or a ticket: kept in the audit log and on the receipt', input);
}

function runStep(plan: Store<Plan>, { api, signal }: Desk, where: Where): Child[] {
  const rate = element(
    'select',
    { id: 'rate' },
    element('option', { value: '' }, 'As fast as the workers take them'),
    ...RATES.map((each) => element('option', { value: each }, `${whole(each)} orders a second`)),
  );
  const stop = element('input', { id: 'stop', type: 'number', min: 0, max: 100, value: STOP_PERCENT });
  const missing = element('p', { class: 'hint', id: 'missing' });
  const { button, said } = action(
    '',
    async () => {
      const { recipe = null, name, because } = plan.now;
      const speed = rate.value === '' ? {} : { rate: Number(rate.value) };
      const begun = await api.begin({
        where,
        chosen: { recipe, name },
        because,
        stop_percent: Number(stop.value),
        ...speed,
      });
      if (!signal.aborted) location.hash = linkTo('run', { run: begun.run });
    },
    { class: 'main', 'aria-describedby': 'missing' },
  );
  plan.watch(
    (now) => now,
    (now) => {
      const passing = passingIn(now);
      const verb = now.recipe === null ? 'Retry' : 'Repair';
      button.replaceChildren(passing === undefined ? verb : `${verb} ${counted(passing, 'order')}`);
      const lack = lackOf(now, passing);
      missing.replaceChildren(lack);
      button.setAttribute('aria-disabled', String(lack !== ''));
    },
  );
  return [
    element(
      'details',
      {},
      element('summary', {}, 'Speed, and when it stops by itself'),
      labelled('Speed', rate),
      labelled('Stop when more than so many percent have failed again', stop),
    ),
    element('p', { class: 'quiet' }, 'Ten orders go first. The rest follows when they have counted.'),
    button,
    missing,
    said,
  ];
}

/** How many orders a run would end well for; undefined without a trial of this very recipe. */
const passingIn = ({ trial }: Plan): number | undefined =>
  trial.state === 'ready' ? trial.value.would_count.orders + trial.value.duplicates.orders : undefined;

/** What has to be done before anything runs; '' when nothing has. */
function lackOf({ recipe, because }: Plan, passing: number | undefined): string {
  if (recipe === undefined) return 'Choose a recipe first.';
  if (passing === undefined) return 'Try it first.';
  if (passing === 0) return 'Not one order would pass.';
  return because === '' ? 'Say why first.' : '';
}

const step = (number: number, title: string, ...content: Child[]): HTMLElement =>
  element(
    'section',
    { class: 'step panel', 'aria-label': title },
    element('h3', {}, element('span', { class: 'nth', 'aria-hidden': 'true' }, String(number)), title),
    element('div', { class: 'does' }, ...content),
  );
