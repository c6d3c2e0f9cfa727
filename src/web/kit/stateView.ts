import type { Trouble } from './ask.ts';
import { type Child, element } from './element.ts';
import type { Loadable } from './loadable.ts';

export interface Views<T> {
  ready(value: T): Child;
  idle?: () => Child;
  /** Offered when it failed. */
  retry?: () => void;
  /** What is being waited for, for "Loading …". */
  what: string;
}

/** One node for each state. Views give what is their own; waiting, staleness and failure look the same everywhere. */
export function viewOf<T>(loadable: Loadable<T>, { ready, idle, retry, what }: Views<T>): Child {
  switch (loadable.state) {
    case 'idle':
      return idle?.();
    case 'loading':
      return element('p', { class: 'state loading', role: 'status' }, `Loading ${what} …`);
    case 'ready':
      return ready(loadable.value);
    case 'stale':
      return element(
        'div',
        { class: 'stale' },
        element('p', { class: 'state note' }, loadable.why),
        ready(loadable.value),
      );
    case 'failed':
      return failure(loadable.trouble, retry);
  }
}

/** A state without anything in it, and what would change that. */
export const emptiness = (text: string): HTMLElement => element('p', { class: 'state empty' }, text);

export function failure({ title, message }: Trouble, retry?: () => void): HTMLElement {
  return element(
    'div',
    { class: 'state failed', role: 'alert' },
    element('strong', {}, title),
    element('p', {}, message),
    retry && element('button', { type: 'button', on: { click: retry } }, 'Try again'),
  );
}
