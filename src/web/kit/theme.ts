import { element } from './element.ts';

const KEPT_UNDER = 'order-pipeline.theme';
const THEMES = { auto: 'System', light: 'Light', dark: 'Dark' } as const;
type Theme = keyof typeof THEMES;

/** Follows the system unless somebody chose otherwise here. Call it before anything is drawn. */
export function applyTheme(): void {
  show(kept());
}

export function themeChoice(): HTMLElement {
  const choices = Object.entries(THEMES).map(([theme, title]) => {
    const input = element('input', {
      type: 'radio',
      name: 'theme',
      value: theme,
      on: { change: () => choose(theme as Theme) },
    });
    input.checked = theme === kept();
    return element('label', {}, input, title);
  });
  return element(
    'fieldset',
    { class: 'choice' },
    element('legend', {}, 'Colours'),
    element('div', { class: 'segments' }, ...choices),
  );
}

function choose(theme: Theme): void {
  show(theme);
  try {
    localStorage.setItem(KEPT_UNDER, theme);
  } catch {
    // Storage is switched off: it holds for this page then.
  }
}

function show(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function kept(): Theme {
  try {
    const found = localStorage.getItem(KEPT_UNDER);
    return found === 'light' || found === 'dark' ? found : 'auto';
  } catch {
    return 'auto';
  }
}
