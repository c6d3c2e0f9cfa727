import { keepKey, keptKey } from '../kit/apiKey.ts';
import { element } from '../kit/element.ts';
import { makeMenu } from '../kit/menu.ts';
import { makeStore, type Store } from '../kit/store.ts';
import { themeChoice } from '../kit/theme.ts';

/** What all forms of the page share. */
export interface Settings {
  /** Empty when none was entered. */
  key: string;
  prefix: '' | '/v1';
  language: string;
}

/** The key is kept for as long as this tab is, and goes to this API alone. */
export function makeSettings(isUnderVersion: boolean): Store<Settings> {
  const settings = makeStore<Settings>({
    key: keptKey(),
    prefix: isUnderVersion ? '/v1' : '',
    language: 'curl',
  });
  settings.watch(({ key }) => key, keepKey);
  return settings;
}

export interface SettingsMenu {
  menu: HTMLElement;
  /** Opens the menu at the field for the key. */
  askForKey(): void;
}

export function settingsMenu(settings: Store<Settings>): SettingsMenu {
  const key = element('input', {
    id: 'api-key',
    type: 'password',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'only if this installation wants one',
    'aria-describedby': 'api-key-hint',
    on: { input: () => settings.set({ key: key.value.trim() }) },
  });
  key.value = settings.now.key;
  const prefix = element(
    'select',
    { id: 'prefix', on: { change: () => settings.set({ prefix: prefix.value === '' ? '' : '/v1' }) } },
    element('option', { value: '' }, 'bare: /stats/global'),
    element('option', { value: '/v1' }, 'with version: /v1/stats/global'),
  );
  prefix.value = settings.now.prefix;

  const { menu, name, open } = makeMenu(
    element(
      'div',
      { class: 'field' },
      element('label', { for: 'api-key' }, 'API key'),
      key,
      element(
        'p',
        { class: 'hint', id: 'api-key-hint' },
        'Kept until this tab is closed, and sent to this API alone.',
      ),
    ),
    element('div', { class: 'field' }, element('label', { for: 'prefix' }, 'Paths'), prefix),
    themeChoice(),
  );
  settings.watch(({ key }) => (key === '' ? 'Settings' : 'Settings, key set'), name);
  return {
    menu,
    askForKey() {
      open();
      key.focus();
    },
  };
}
