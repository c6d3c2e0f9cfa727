import { type Child, element } from './element.ts';

export interface Menu {
  menu: HTMLDetailsElement;
  /** What it is called, on the button that opens it. */
  name(content: string | Node): void;
  open(): void;
}

/** Settings and actions behind one button. Escape, Enter, and whatever leaves it by keyboard or pointer close it. */
export function makeMenu(...content: readonly Child[]): Menu {
  const summary = element('summary', {});
  const sheet = element('form', { class: 'sheet' }, ...content);
  const menu = element('details', { class: 'menu' }, summary, sheet);
  const close = () => {
    menu.open = false;
    summary.focus();
  };
  // What stands in it holds as soon as it does: there is nothing to send.
  sheet.addEventListener('submit', (event) => {
    event.preventDefault();
    close();
  });
  menu.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape' && menu.open) close();
  });
  const closeWhenOutside = ({ target }: Event) => {
    if (!menu.contains(target as Node)) menu.open = false;
  };
  document.addEventListener('pointerdown', closeWhenOutside);
  document.addEventListener('focusin', closeWhenOutside);
  return {
    menu,
    name: (content) => summary.replaceChildren(content),
    open() {
      menu.open = true;
    },
  };
}
