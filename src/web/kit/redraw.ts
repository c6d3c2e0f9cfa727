/**
 * Draws anew only what differs from what was drawn: a page that hears something each second must not take the focus, the
 * selection or the scroll position from whoever is reading it. What had the focus has it in the new drawing too; where it is
 * gone from there, its place has, so that a keyboard goes on from here and not from the top of the page.
 */
export function redrawn<T>(
  place: HTMLElement,
  draw: (value: T) => readonly (Node | string)[],
): (value: T) => void {
  let drawn: string | undefined;
  return (value) => {
    const now = JSON.stringify(value);
    if (now === drawn) return;
    drawn = now;
    const focused = controlsOf(place).find((control) => control === document.activeElement);
    const name = focused && nameOf(focused, place);
    place.replaceChildren(...draw(value));
    if (name === undefined) return;
    const again = controlsOf(place).find((control) => nameOf(control, place) === name);
    if (again === undefined) place.setAttribute('tabindex', '-1');
    (again ?? place).focus({ preventScroll: true });
  };
}

const controlsOf = (place: Element): HTMLElement[] => [
  ...place.querySelectorAll<HTMLElement>('a, button, summary'),
];

/** The how-manieth control of which part: what it says may have changed by what was done with it. */
function nameOf(control: HTMLElement, place: Element): string {
  const part = control.parentElement?.closest('[aria-labelledby]');
  if (!part || !place.contains(part) || part === place)
    return control.getAttribute('href') ?? control.getAttribute('aria-label') ?? control.innerText;
  return `${part.getAttribute('aria-labelledby')} ${controlsOf(part).indexOf(control)}`;
}
