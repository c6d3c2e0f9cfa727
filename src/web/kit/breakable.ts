import { element } from './element.ts';

/** A path or an id that breaks between its parts first: `items[0]` and `.price_per_unit`, never 250 and .00. */
export const breakable = (text: string): (Node | string)[] =>
  text
    .split(/(?!^)(?=\.\p{L}|\[)|(?<=\/)(?!$)/u)
    .flatMap((part, at) => (at === 0 ? [part] : [element('wbr'), part]));
