import { element } from './element.ts';

export interface Tab {
  /** Unique within its tabs. */
  name: string;
  title: string;
  panel: HTMLElement;
}

export interface Tabs {
  /** The row of buttons; panels are put wherever they belong. */
  list: HTMLElement;
  select(name: string): void;
}

/** Tabs as screen readers and keyboards know them: one stop for Tab, arrows, Home and End between them. */
export function tabs(
  id: string,
  label: string,
  all: readonly Tab[],
  selected?: (name: string) => void,
): Tabs {
  const buttons = all.map(({ name, title, panel }) => {
    panel.id = `${id}-${name}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', `${id}-${name}-tab`);
    return element(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `${id}-${name}-tab`,
        'aria-controls': panel.id,
        on: { click: () => choose(name) },
      },
      title,
    );
  });

  const select = (name: string) => {
    for (const [index, tab] of all.entries()) {
      const isSelected = tab.name === name;
      const button = buttons[index] as HTMLButtonElement;
      button.setAttribute('aria-selected', String(isSelected));
      button.tabIndex = isSelected ? 0 : -1;
      tab.panel.hidden = !isSelected;
    }
  };
  const choose = (name: string) => {
    select(name);
    selected?.(name);
  };
  const move = (event: KeyboardEvent) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (at === -1 || to === undefined) return;
    event.preventDefault();
    const next = (to + all.length) % all.length;
    choose((all[next] as Tab).name);
    buttons[next]?.focus();
  };

  if (all[0]) select(all[0].name);
  return {
    list: element(
      'div',
      { class: 'tabs', role: 'tablist', 'aria-label': label, on: { keydown: move } },
      ...buttons,
    ),
    select,
  };
}
