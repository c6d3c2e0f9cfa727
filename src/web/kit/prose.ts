import { element } from './element.ts';

/** Paragraphs of text with `code` in it. */
export function prose(text: string): HTMLElement[] {
  return text === '' ? [] : text.split('\n\n').map((each) => element('p', {}, ...inline(each)));
}

/** One line of text with `code` in it. */
export function inline(text: string): (Node | string)[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part));
}
