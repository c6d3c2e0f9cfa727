import { type Attributes, element } from './element.ts';
import { asTrouble } from './loadable.ts';
import { failure } from './stateView.ts';

export interface Action {
  button: HTMLButtonElement;
  /** Where it is told why it could not be done. */
  said: HTMLElement;
}

/** A button that does its work once at a time; nothing while it is aria-disabled, which leaves it to be found and read. */
export function action(title: string, work: () => Promise<void>, attributes: Attributes = {}): Action {
  // What is put there is an alert by itself.
  const said = element('div', {});
  let isUnderWay = false;
  const act = async () => {
    if (isUnderWay || button.getAttribute('aria-disabled') === 'true') return;
    isUnderWay = true;
    said.replaceChildren();
    try {
      await work();
    } catch (error) {
      said.replaceChildren(failure(asTrouble(error)));
    } finally {
      isUnderWay = false;
    }
  };
  const button = element('button', { type: 'button', ...attributes, on: { click: () => void act() } }, title);
  return { button, said };
}

/** A control with its name above it. */
export const labelled = (title: string, control: HTMLElement, hint?: string): HTMLElement =>
  element(
    'div',
    { class: 'field' },
    element('label', { for: control.id }, title),
    control,
    hint !== undefined && element('p', { class: 'hint' }, hint),
  );
