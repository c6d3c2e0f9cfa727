import { element } from '../kit/element.ts';
import type { Problem } from '../kit/problem.ts';
import type { Operation } from './apiDocument.ts';
import { type Field, field } from './field.ts';
import { hasRange, type Values } from './filledIn.ts';
import { type Range, rangePresets } from './rangePresets.ts';
import type { Format } from './request.ts';

export interface RequestForm {
  form: HTMLFormElement;
  fill(values: Values): void;
  /** Marks the fields that a problem names. */
  complain(errors: Problem['errors']): void;
  setBusy(isBusy: boolean): void;
}

export interface Told {
  changed(values: Values): void;
  formatChanged(format: Format): void;
  send(): void;
  downloadCsv(): void;
}

/** The form of one operation: a field per parameter, and what can be done with them. */
export function requestForm(operation: Operation, told: Told): RequestForm {
  const fields = operation.parameters.map((parameter) => field(operation.id, parameter));
  const valuesNow = (): Values =>
    Object.fromEntries(fields.map(({ name, control }) => [name, control.value]));
  const fill = (values: Values) => {
    for (const { name, control } of fields) if (values[name] !== undefined) control.value = values[name];
  };
  const changed = () => {
    complainOf(fields, []);
    told.changed(valuesNow());
  };
  const send = element('button', { type: 'submit', class: 'main' }, 'Send');
  const form = element(
    'form',
    { novalidate: true, autocomplete: 'off' },
    ...grouped(operation, fields, (range) => {
      fill({ ...range });
      changed();
    }),
    element(
      'div',
      { class: 'actions' },
      send,
      operation.hasCsv && formatChoice(operation.id, told.formatChanged),
      operation.hasCsv &&
        element('button', { type: 'button', on: { click: told.downloadCsv } }, 'Download CSV'),
    ),
  );
  form.addEventListener('input', ({ target }) => {
    if (!fields.some(({ control }) => control === target)) return;
    changed();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    told.send();
  });
  return {
    form,
    fill,
    complain: (errors = []) => complainOf(fields, errors),
    setBusy(isBusy) {
      // Not disabled: that would take the focus away from whoever pressed it by keyboard.
      send.setAttribute('aria-disabled', String(isBusy));
      send.textContent = isBusy ? 'Sending …' : 'Send';
    },
  };
}

function complainOf(fields: readonly Field[], errors: NonNullable<Problem['errors']>): void {
  for (const { name, complain } of fields) {
    complain(errors.find(({ parameter }) => parameter === name)?.message);
  }
}

/** What is in the path, then the range with what fills it, then the rest. */
function grouped(
  operation: Operation,
  fields: readonly Field[],
  pick: (range: Range) => void,
): HTMLElement[] {
  const boxes = (belongs: (name: string) => boolean) =>
    fields.filter(({ name }) => belongs(name)).map(({ box }) => box);
  const row = (inside: HTMLElement[]) =>
    inside.length === 0 ? [] : [element('div', { class: 'fields' }, ...inside)];
  const isInPath = (name: string) => operation.path.includes(`{${name}}`);
  const range = hasRange(operation) ? [rangePresets(!isRangeRequired(operation), pick)] : [];
  return [
    ...row(boxes(isInPath)),
    ...row(boxes(isOfRange)),
    ...range,
    ...row(boxes((name) => !isInPath(name) && !isOfRange(name))),
  ];
}

const isOfRange = (name: string): boolean => name === 'start_date' || name === 'end_date';

const isRangeRequired = ({ parameters }: Operation): boolean =>
  parameters.some(({ name, required }) => name === 'start_date' && required);

/** A header of the request, not a parameter: how the list is written. */
function formatChoice(id: string, changed: (format: Format) => void): HTMLElement {
  const choices = (['json', 'csv'] as const).map((format) => {
    const on = { change: () => changed(format) };
    const input = element('input', { type: 'radio', name: `${id}-format`, value: format, on });
    input.checked = format === 'json';
    return element('label', {}, input, format.toUpperCase());
  });
  return element('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'Answer as' }, ...choices);
}
