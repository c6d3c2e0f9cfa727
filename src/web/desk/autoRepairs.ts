import { type Action, action, labelled } from '../kit/action.ts';
import { Trouble } from '../kit/ask.ts';
import { element } from '../kit/element.ts';
import { dayAndTime, whole } from '../kit/format.ts';
import { load } from '../kit/loadable.ts';
import type { AutoRepair, Cause } from './deskApi.ts';
import { whoInWords } from './lists.ts';
import { type Desk, linkTo } from './view.ts';

/** Recipes that stand for a cause: what they did, and those that have stopped by themselves first. */
export function autoList(desk: Desk): HTMLElement {
  const { api, signal } = desk;
  const section = element('section', { class: 'panel', hidden: true, 'aria-label': 'Standing recipes' });
  const look = () =>
    void load(api.autoRepairs, (state) => {
      if (signal.aborted || state.state !== 'ready') return;
      const all = [...state.value].sort(
        (a, b) => Number(a.state === 'standing') - Number(b.state === 'standing'),
      );
      section.hidden = all.length === 0;
      const rows = all.map((each) => autoItem(each, desk, look));
      section.replaceChildren(element('h3', {}, 'Standing recipes'), element('ul', {}, ...rows));
    });
  look();
  return section;
}

function autoItem(auto: AutoRepair, { api, mayAct }: Desk, done: () => void): HTMLElement {
  const { cause, reason, path, recipe_name, state, why, by, at, because, run } = auto;
  const { doIt, field } = withReason(`Remove ${recipe_name}`, `auto-${cause}`, async (said) => {
    await api.removeAuto(cause, said);
    done();
  });
  return element(
    'li',
    {},
    element('bdi', {}, `${recipe_name} for ${reason} at ${path || 'the order'}`),
    state === 'stopped'
      ? element('p', { role: 'status' }, element('strong', {}, `It has stopped: ${why ?? ''}.`))
      : element('p', {}, `${whole(auto.counted)} of ${whole(auto.tried)} orders counted.`),
    element(
      'p',
      { class: 'quiet' },
      `${whole(auto.sent_last_hour)} of ${whole(auto.per_hour)} this hour, ${whole(auto.sent_last_day)} of ` +
        `${whole(auto.per_day)} this day; since ${dayAndTime(at)} UTC by `,
      element('bdi', {}, whoInWords(by)),
      ': ',
      element('bdi', {}, because),
    ),
    run !== null && element('a', { href: linkTo('run', { run }) }, 'Its run'),
    mayAct && element('details', {}, element('summary', {}, 'Remove'), field, doIt.button, doIt.said),
  );
}

/** Lets a saved recipe stand for a cause. Nothing where none is saved. */
export function autoForm({ api, signal }: Desk, cause: Cause | undefined): HTMLElement {
  const form = element('details', { class: 'panel act', hidden: true });
  if (cause === undefined) return form;
  void load(api.recipes, (state) => {
    if (signal.aborted || state.state !== 'ready' || state.value.length === 0) return;
    const names = state.value.map(({ name, version }) => `${name}@${version}`);
    const chosen = element(
      'select',
      { id: 'auto-recipe' },
      ...names.map((name) => element('option', { value: name }, name)),
    );
    const { doIt, field } = withReason('Leave it standing', 'auto-because', async (because) => {
      await api.addAuto({ cause: cause.cause, recipe_name: chosen.value, because });
      location.assign(linkTo('causes'));
    });
    form.hidden = false;
    form.replaceChildren(
      element('summary', {}, 'Leave a recipe standing'),
      labelled(
        'Saved recipe',
        chosen,
        'What fails for this cause from now on is repaired by it, up to 100 orders an hour and 1,000 a day, until it helps no ' +
          'more. It takes an admin.',
      ),
      field,
      doIt.button,
      doIt.said,
    );
  });
  return form;
}

function withReason(title: string, id: string, work: (because: string) => Promise<void>) {
  const because = element('input', { id, maxlength: 500, autocomplete: 'off', dir: 'auto' });
  const doIt: Action = action(title, async () => {
    const said = because.value.trim();
    if (said === '') throw new Trouble('Nothing was done', 'Say why first.');
    await work(said);
  });
  return { doIt, field: labelled('Why: kept in the audit log', because) };
}
