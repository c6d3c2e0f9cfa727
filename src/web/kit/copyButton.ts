import { element } from './element.ts';

const SAID_FOR_MILLISECONDS = 2_000;

/** Copies what `text` gives when it is pressed, and says whether that worked. */
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  let restore: ReturnType<typeof setTimeout> | undefined;
  const button = element('button', { type: 'button', class: 'small', 'aria-live': 'polite' }, label);
  button.addEventListener('click', async () => {
    button.textContent = (await copy(text())) ? 'Copied' : 'Not copied: select it';
    clearTimeout(restore);
    restore = setTimeout(() => {
      button.textContent = label;
    }, SAID_FOR_MILLISECONDS);
  });
  return button;
}

/** Browsers have no clipboard for pages that came over plain http from another machine. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
