import { keepKey, keptKey } from './apiKey.ts';
import { element } from './element.ts';

/** The key of this tab, in a menu. */
export function keyField(changed: () => void): HTMLElement {
  const input = keyInput('menu-key', {
    change: () => {
      keepKey(input.value.trim());
      changed();
    },
  });
  input.value = keptKey();
  return element(
    'div',
    { class: 'field' },
    element('label', { for: input.id }, 'API key'),
    input,
    element('p', { class: 'hint' }, 'Kept until this tab is closed, and sent to this API alone.'),
  );
}

/** Shown instead of everything else to those who may not look yet. `role`: the least that opens it. */
export function keyForm(
  why: string,
  role: string,
  changed: () => void,
): { form: HTMLElement; say(text: string): void } {
  const input = keyInput('key');
  input.required = true;
  const said = element('p', { class: 'hint', role: 'status' });
  const form = element(
    'form',
    {
      class: 'locked panel',
      hidden: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          keepKey(input.value.trim());
          changed();
        },
      },
    },
    element('h2', {}, 'Who is looking?'),
    element('p', {}, `${why} Whoever runs this makes one:`),
    element('pre', {}, `order-pipeline keys create --name dashboard --role ${role}`),
    element('div', { class: 'field' }, element('label', { for: input.id }, 'API key'), input),
    said,
    element('button', { class: 'main' }, 'Show'),
  );
  return { form, say: (text) => said.replaceChildren(text) };
}

const keyInput = (id: string, on = {}): HTMLInputElement =>
  element('input', { id, type: 'password', autocomplete: 'off', spellcheck: 'false', on });
