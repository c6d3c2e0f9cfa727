import { element } from './element.ts';

export interface Found {
  title: string;
  /** A second, quieter line. */
  detail: string;
  /** What sort of thing it is, in one word. */
  sort: string;
  href: string;
}

export interface SearchBox {
  box: HTMLElement;
  focus(): void;
}

interface Searching {
  label: string;
  find(text: string): readonly Found[];
  go(found: Found): void;
}

/**
 * A field with a list of what it finds (the combobox pattern of ARIA): `/` gets there from anywhere, arrows move,
 * Enter goes, Escape clears. Focus stays in the field, so typing on always works.
 */
export function searchBox({ label, find, go }: Searching): SearchBox {
  let found: readonly Found[] = [];
  let active = 0;
  const list = element('ul', { id: 'search-list', role: 'listbox', 'aria-label': 'Found', hidden: true });
  const input = element('input', {
    type: 'search',
    role: 'combobox',
    placeholder: 'Search',
    'aria-label': label,
    'aria-controls': list.id,
    'aria-expanded': 'false',
    'aria-autocomplete': 'list',
    'aria-keyshortcuts': '/',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const said = element('p', { class: 'unseen', role: 'status' });

  const draw = () => {
    const isOpen = input.value.trim() !== '';
    list.replaceChildren(
      ...found.map((each, index) => option(each, index, index === active, () => take(each))),
      ...(isOpen && found.length === 0 ? [element('li', { class: 'none' }, 'Nothing is called that.')] : []),
    );
    list.hidden = !isOpen;
    input.setAttribute('aria-expanded', String(isOpen));
    if (found[active]) input.setAttribute('aria-activedescendant', `search-${active}`);
    else input.removeAttribute('aria-activedescendant');
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  };
  const search = () => {
    found = find(input.value);
    active = 0;
    said.textContent = input.value.trim() === '' ? '' : `${found.length} found`;
    draw();
  };
  const take = (each: Found) => {
    input.value = '';
    search();
    go(each);
  };
  const onKey = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    const chosen = found[active];
    if (step !== undefined && found.length > 0) active = (active + step + found.length) % found.length;
    else if (event.key === 'Enter' && chosen) take(chosen);
    else if (event.key === 'Escape' && input.value !== '') {
      input.value = '';
      search();
    } else return;
    event.preventDefault();
    draw();
  };
  input.addEventListener('input', search);
  input.addEventListener('keydown', onKey);
  input.addEventListener('blur', () => {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
  });
  input.addEventListener('focus', draw);
  onSlash(() => input.focus());
  return {
    box: element('div', { class: 'search', role: 'search' }, input, element('kbd', {}, '/'), list, said),
    focus: () => input.focus(),
  };
}

function option(
  { title, detail, sort }: Found,
  index: number,
  isActive: boolean,
  take: () => void,
): HTMLElement {
  return element(
    'li',
    {
      id: `search-${index}`,
      role: 'option',
      'aria-selected': String(isActive),
      // Before the field loses the focus, and with it this list.
      on: {
        mousedown: (event) => {
          event.preventDefault();
          take();
        },
      },
    },
    element('span', { class: 'title' }, title),
    element('span', { class: 'sort' }, sort),
    element('span', { class: 'detail' }, detail),
  );
}

function onSlash(act: () => void): void {
  document.addEventListener('keydown', (event) => {
    const { target, key, ctrlKey, metaKey, altKey } = event;
    const isTyping = target instanceof HTMLElement && target.matches('input, select, textarea');
    if (key !== '/' || isTyping || ctrlKey || metaKey || altKey) return;
    event.preventDefault();
    act();
  });
}
