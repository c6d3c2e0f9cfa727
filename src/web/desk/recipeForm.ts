import { labelled } from '../kit/action.ts';
import { element } from '../kit/element.ts';
import type { Recipe, Scalar, Step } from './deskApi.ts';

interface Field {
  name: string;
  title: string;
  hint?: string;
  /** The only values there are. */
  choices?: readonly string[];
  /** A number, a truth value or null is one; everything else is text. */
  isValue?: true;
}

const AT: Field = { name: 'at', title: 'Where', hint: 'Like items[*].price_per_unit' };
const VALUE_HINT = 'A number, true, false or null is taken as one; “12” in quotes is text';

const KINDS: Record<string, { title: string; fields: readonly Field[] }> = {
  decimal_comma: { title: 'Decimal comma to point', fields: [AT] },
  text_to_number: { title: 'Text to number', fields: [AT] },
  replace: {
    title: 'Replace in text',
    fields: [AT, { name: 'find', title: 'Find' }, { name: 'with', title: 'Put in' }],
  },
  set: { title: 'Set', fields: [AT, { name: 'value', title: 'Value', hint: VALUE_HINT, isValue: true }] },
  rename: { title: 'Rename', fields: [AT, { name: 'to', title: 'New name' }] },
  cast: {
    title: 'Write as',
    fields: [AT, { name: 'to', title: 'As', choices: ['text', 'whole_number', 'time'] }],
  },
  recompute_total: { title: 'Add up the total anew', fields: [] },
  release: { title: 'Release from the review’s hold', fields: [] },
  drop_line: {
    title: 'Drop lines',
    fields: [
      { ...AT, hint: 'Like items' },
      { name: 'where', title: 'Whose' },
      { name: 'equals', title: 'Is', hint: VALUE_HINT, isValue: true },
    ],
  },
};

/**
 * A recipe as a form. `place`: where a new step begins, what the cause is about. Each change is told with the whole
 * recipe; undefined while it has no step.
 */
export function recipeForm(place: string, changed: (recipe: Recipe | undefined) => void) {
  let steps: Step[] = [];
  const list = element('ol', { class: 'steps' });
  const tell = () => changed(steps.length === 0 ? undefined : { version: 1, steps });
  const draw = () => list.replaceChildren(...steps.map(stepItem));
  const change = (next: Step[]) => {
    steps = next;
    draw();
    tell();
  };
  const replace = (at: number, step: Step) => steps.map((each, index) => (index === at ? step : each));

  const stepItem = (step: Step, at: number): HTMLElement => {
    const label = `Step ${at + 1}`;
    const kind = select(
      label,
      Object.entries(KINDS).map(([name, { title }]) => [name, title]),
      step.do,
      (name) => {
        change(replace(at, blank(name, String(step.at ?? place))));
        list.children[at]?.querySelector('select')?.focus();
      },
    );
    const fields = (KINDS[step.do]?.fields ?? []).map((field) =>
      fieldOf(`${label}: ${field.title}`, field, step[field.name], (value) => {
        steps = replace(at, { ...(steps[at] as Step), [field.name]: value });
        tell();
      }),
    );
    const remove = element(
      'button',
      {
        type: 'button',
        'aria-label': `Remove step ${at + 1}`,
        on: {
          click: () => {
            change(steps.filter((_, index) => index !== at));
            add.focus();
          },
        },
      },
      'Remove',
    );
    return element('li', {}, labelled('Do', kind), ...fields, remove);
  };
  const add = element(
    'button',
    {
      type: 'button',
      on: {
        click: () => {
          change([...steps, blank('decimal_comma', place)]);
          list.lastElementChild?.querySelector('select')?.focus();
        },
      },
    },
    'Add a step',
  );
  return {
    form: element('div', { class: 'recipe-form' }, list, add),
    /** Without telling it: whoever fills it in knows. */
    fill(recipe: Recipe | undefined) {
      steps = recipe ? [...recipe.steps] : [];
      draw();
    },
  };
}

function blank(kind: string, place: string): Step {
  const fields = KINDS[kind]?.fields ?? [];
  const values = fields.map(({ name, choices }): [string, Scalar] => [
    name,
    name === 'at' ? place : (choices?.[0] ?? ''),
  ]);
  return { ...Object.fromEntries(values), do: kind };
}

function fieldOf(
  id: string,
  { title, hint, choices, isValue }: Field,
  value: Scalar | undefined,
  changed: (value: Scalar) => void,
): HTMLElement {
  if (choices) {
    const options = choices.map((each) => [each, each.replaceAll('_', ' ')] as const);
    return labelled(title, select(id, options, String(value), changed));
  }
  const input = element('input', {
    id,
    autocomplete: 'off',
    spellcheck: 'false',
    dir: 'auto',
    on: { input: () => changed(isValue ? scalarIn(input.value) : input.value) },
  });
  input.value = isValue ? textOf(value) : String(value ?? '');
  return labelled(title, input, hint);
}

function select(
  id: string,
  choices: readonly (readonly [value: string, title: string])[],
  chosen: string,
  changed: (value: string) => void,
): HTMLSelectElement {
  const options = choices.map(([value, title]) =>
    element('option', { value, selected: value === chosen }, title),
  );
  const made = element('select', { id, on: { change: () => changed(made.value) } }, ...options);
  return made;
}

/** `12` is a number, `"12"` and `twelve` are text. */
function scalarIn(text: string): Scalar {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null ? text : (found as Scalar);
  } catch {
    return text;
  }
}

/** As `scalarIn` reads it. */
const textOf = (value: Scalar | undefined): string =>
  typeof value === 'string' && scalarIn(value) === value ? value : JSON.stringify(value ?? '');
