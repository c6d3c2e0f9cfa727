import { element, group } from '../kit/element.ts';
import type { DeskApi } from './deskApi.ts';
import { ordersList } from './ordersList.ts';
import { linkTo, type View, whereOf } from './view.ts';
import { whereInWords } from './words.ts';

/**
 * Looks for failed orders by an id, which is found at once, and else by whatever they hold; `/` gets there from anywhere.
 */
export function searchField(api: DeskApi): { form: HTMLElement; fill(text: string): void } {
  const input = element('input', {
    type: 'search',
    name: 'text',
    placeholder: 'Order, user, message id, product, reason, value',
    'aria-label': 'Search failed orders',
    'aria-keyshortcuts': '/',
    autocomplete: 'off',
    spellcheck: 'false',
    dir: 'auto',
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
  });
  const form = element(
    'form',
    {
      class: 'search finding',
      role: 'search',
      on: {
        submit: async (event) => {
          event.preventDefault();
          const text = input.value.trim();
          if (text === '') {
            location.hash = linkTo('causes');
            return;
          }
          // What cannot be asked is told where the search is shown.
          const named = await api.search({ id: text }).catch(() => undefined);
          const isId = named !== undefined && (named.orders.length > 0 || named.next_cursor !== null);
          location.hash = linkTo('search', isId ? { id: text } : { text });
        },
      },
    },
    input,
    element('kbd', {}, '/'),
    element('button', {}, 'Search'),
  );
  return {
    form,
    fill: (text) => {
      input.value = text;
    },
  };
}

/** The failed orders that an address means. */
export const searchView: View = (desk) => {
  const where = whereOf(desk.values);
  return group(
    element('a', { class: 'back', href: linkTo('causes') }, 'All causes'),
    element('h2', {}, whereInWords(where)),
    where.id !== undefined &&
      element(
        'p',
        {},
        element(
          'a',
          { href: linkTo('search', { ...desk.values, id: '', text: where.id }) },
          'Look for it in everything that orders hold',
        ),
      ),
    element(
      'p',
      {},
      element(
        'a',
        { href: linkTo('repair', desk.values) },
        desk.mayAct ? 'Repair or retry all of these' : 'What they have in common',
      ),
    ),
    ordersList(desk, where),
  );
};
