import { copyButton } from '../kit/copyButton.ts';
import { element } from '../kit/element.ts';
import type { Store } from '../kit/store.ts';
import { tabs } from '../kit/tabs.ts';
import type { ApiRequest } from './request.ts';
import type { Settings } from './settings.ts';
import { curl, javascript, python } from './snippets.ts';

const LANGUAGES = [
  { name: 'curl', title: 'curl', write: curl },
  { name: 'javascript', title: 'JavaScript', write: javascript },
  { name: 'python', title: 'Python', write: python },
] as const;

export interface SnippetPanel {
  panel: HTMLElement;
  show(request: ApiRequest): void;
}

/** The request as a program, in the language last chosen anywhere on the page. */
export function snippetPanel(operationId: string, settings: Store<Settings>): SnippetPanel {
  const texts = LANGUAGES.map(({ name, title, write }) => {
    const code = element('code', {});
    const panel = element('div', {}, element('pre', { class: 'snippet', tabindex: 0 }, code));
    return { name, title, write, code, panel };
  });
  const { list, select } = tabs(`${operationId}-snippet`, 'The request as a program', texts, (language) =>
    settings.set({ language }),
  );
  settings.watch(({ language }) => language, select);
  const shown = () => texts.find(({ name }) => name === settings.now.language)?.code.textContent ?? '';
  return {
    panel: element(
      'div',
      { class: 'panel' },
      element('div', { class: 'bar' }, list, copyButton('Copy', shown)),
      ...texts.map(({ panel }) => panel),
    ),
    show(request) {
      for (const { code, write } of texts) code.textContent = write(request);
    },
  };
}
