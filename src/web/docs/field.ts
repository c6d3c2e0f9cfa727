import { element } from '../kit/element.ts';
import { inline } from '../kit/prose.ts';
import type { Parameter, Schema } from './apiDocument.ts';
import { isDay, isUserId } from './filledIn.ts';

export type Control = HTMLInputElement | HTMLSelectElement;

export interface Field {
  name: string;
  control: Control;
  box: HTMLElement;
  /** Says what the API found wrong with the value; nothing takes it back. */
  complain(message: string | undefined): void;
}

/** A parameter as the control that suits its type, with what is said about it. */
export function field(operationId: string, parameter: Parameter): Field {
  const { name, required, description } = parameter;
  const id = `${operationId}-${name}`;
  const control = controlOf(parameter);
  control.id = id;
  control.name = name;
  control.setAttribute('aria-describedby', `${id}-hint ${id}-wrong`);
  if (required) control.setAttribute('aria-required', 'true');
  const wrong = element('p', { class: 'wrong', id: `${id}-wrong`, hidden: true });
  const hints = [description, boundsOf(parameter.schema), required && isUserId(parameter) && FOUND_ON_SEND];
  const label = element(
    'label',
    { for: id },
    element('code', {}, name),
    required && element('span', { class: 'required' }, 'required'),
  );
  const hint = element('p', { class: 'hint', id: `${id}-hint` }, ...inline(hints.filter(Boolean).join(' ')));
  return {
    name,
    control,
    box: element('div', { class: 'field' }, label, control, wrong, hint),
    complain(message) {
      wrong.textContent = message ?? '';
      wrong.hidden = message === undefined;
      if (message === undefined) control.removeAttribute('aria-invalid');
      else control.setAttribute('aria-invalid', 'true');
    },
  };
}

const FOUND_ON_SEND = 'Left empty, Send takes the user who spent most.';

function controlOf(parameter: Parameter): Control {
  const { required, schema, example } = parameter;
  if (schema.enum) {
    const options = [...(required ? [] : ['']), ...schema.enum];
    return element('select', {}, ...options.map((value) => element('option', { value }, value)));
  }
  // The years that the API knows: a picker without bounds takes six digits for a year.
  if (isDay(parameter)) return element('input', { type: 'date', min: '0001-01-01', max: '9999-12-31' });
  if (schema.type === 'integer') {
    const { minimum: min, maximum: max } = schema;
    return element('input', { type: 'number', min, max, placeholder: schema.default });
  }
  return element('input', {
    type: 'text',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    maxlength: schema.maxLength,
    placeholder: isUserId(parameter) ? example : undefined,
  });
}

function boundsOf({ type, minimum, maximum, default: byDefault }: Schema): string {
  const bounds = type === 'integer' ? `From ${minimum} to ${maximum}` : '';
  const fallback = byDefault === undefined ? '' : `${byDefault} by default`;
  const text = [bounds, fallback].filter(Boolean).join(', ');
  return text && `${text}.`;
}
