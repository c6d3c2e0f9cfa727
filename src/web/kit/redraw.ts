/**
 * Draws anew only what differs from what was drawn: a page that hears something each second must not take the focus, the
 * selection or the scroll position from whoever is reading it.
 */
export function redrawn<T>(
  place: Element,
  draw: (value: T) => readonly (Node | string)[],
): (value: T) => void {
  let drawn: string | undefined;
  return (value) => {
    const now = JSON.stringify(value);
    if (now === drawn) return;
    drawn = now;
    place.replaceChildren(...draw(value));
  };
}
