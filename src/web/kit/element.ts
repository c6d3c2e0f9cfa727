type Listeners = { [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void };

export type Child = Node | string | undefined | false;

export interface Attributes {
  /** Attributes by their HTML names. `true` is an attribute without a value; `false` and undefined leave it out. */
  [name: string]: string | number | boolean | undefined | Listeners;
  on?: Listeners;
}

/**
 * Makes an element. Children go in as nodes or as text, never as markup: ids, messages and orders come from elsewhere,
 * and nothing they hold may become part of the page.
 */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { on = {}, ...attributes }: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = filled(document.createElement(name), attributes, children);
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener as EventListener);
  return made;
}

/** The same for a picture and its parts. */
export const drawn = <Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Omit<Attributes, 'on'>,
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] =>
  filled(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

function filled<Made extends Element>(made: Made, attributes: Attributes, children: readonly Child[]): Made {
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(attribute, value === true ? '' : String(value));
  }
  made.append(...children.filter(isThere));
  return made;
}

/** Several nodes where one is wanted. */
export function group(...children: readonly Child[]): DocumentFragment {
  const fragment = document.createDocumentFragment();
  fragment.append(...children.filter(isThere));
  return fragment;
}

const isThere = (child: Child): child is Node | string => child !== undefined && child !== false;
