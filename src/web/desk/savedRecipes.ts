import { action, labelled } from '../kit/action.ts';
import { Trouble } from '../kit/ask.ts';
import { element } from '../kit/element.ts';
import { dayAndTime } from '../kit/format.ts';
import { load } from '../kit/loadable.ts';
import type { Recipe, SavedRecipe } from './deskApi.ts';
import { whoInWords } from './lists.ts';
import type { Desk } from './view.ts';

interface Saving {
  /** Somebody has chosen one. */
  chosen: (saved: SavedRecipe) => void;
  /** The one in the form; undefined while there is none. */
  current: () => Recipe | undefined;
}

/** Recipes under their names: choose one, or save the one in the form as the next version of a name. */
export function savedRecipes({ api, signal }: Desk, { chosen, current }: Saving) {
  let all: SavedRecipe[] = [];
  const select = element('select', { id: 'saved', on: { change: () => take() } });
  const about = element('p', { class: 'hint' });
  const choice = labelled('Saved recipes', select);
  choice.append(about);
  const draw = (named = '') => {
    choice.hidden = all.length === 0;
    select.replaceChildren(
      element('option', { value: '' }, 'Choose one'),
      ...all.map(({ name, version }) =>
        element('option', { value: name, selected: name === named }, `${name}, version ${version}`),
      ),
    );
    tell();
  };
  const found = () => all.find(({ name }) => name === select.value);
  const tell = () => {
    const saved = found();
    about.replaceChildren();
    if (saved)
      about.append(
        element('bdi', {}, saved.because),
        ' (',
        element('bdi', {}, whoInWords(saved.by)),
        `, ${dayAndTime(saved.at)} UTC)`,
      );
  };
  const take = () => {
    tell();
    const saved = found();
    if (saved) chosen(saved);
  };
  const look = (named = '') =>
    load(api.recipes, (state) => {
      if (signal.aborted || state.state !== 'ready') return;
      all = state.value;
      draw(named);
    });

  const name = element('input', {
    id: 'recipe-name',
    maxlength: 60,
    autocomplete: 'off',
    spellcheck: 'false',
    dir: 'auto',
  });
  const because = element('input', {
    id: 'recipe-because',
    maxlength: 500,
    autocomplete: 'off',
    dir: 'auto',
  });
  const saidSo = element('p', { class: 'hint', role: 'status' });
  const { button, said } = action('Save recipe', async () => {
    const recipe = current();
    saidSo.replaceChildren();
    if (recipe === undefined) throw new Trouble('Nothing was saved', 'The recipe has no step yet.');
    if (name.value.trim() === '') throw new Trouble('Nothing was saved', 'Give it a name first.');
    if (because.value.trim() === '') throw new Trouble('Nothing was saved', 'Say what it is for first.');
    const saved = await api.saveRecipe(name.value.trim(), recipe, because.value.trim());
    saidSo.replaceChildren(`Saved as version ${saved.version} of `, element('bdi', {}, saved.name), '.');
    await look(saved.name);
    chosen(saved);
  });
  draw();
  void look();
  return {
    choice,
    /** Another recipe stands in the form now. */
    forget: () => {
      select.value = '';
      tell();
    },
    saving: element(
      'details',
      {},
      element('summary', {}, 'Save this recipe under a name'),
      element(
        'div',
        { class: 'pair' },
        labelled('Name', name, 'A name that is there gets its next version.'),
        labelled('What it is for', because),
      ),
      button,
      saidSo,
      said,
    ),
  };
}
