import { element } from './element.ts';

const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\btrue\b|\bfalse\b|\bnull\b/g;

/** Beyond these, colours cost more than they tell, and a page of text is no way to read it. */
const MOST_COLOURED = 40_000;
const MOST_SHOWN = 200_000;

/** JSON with its names, texts and numbers told apart; anything else as it is. */
export function jsonText(text: string): DocumentFragment {
  const made = document.createDocumentFragment();
  const pretty = prettified(text);
  if (pretty === undefined || pretty.length > MOST_COLOURED) {
    made.append(clipped(pretty ?? text));
    return made;
  }
  let end = 0;
  for (const match of pretty.matchAll(TOKENS)) {
    const [whole, quoted, colon] = match;
    const token = colon === undefined ? whole : (quoted as string);
    const kind = colon !== undefined ? 'name' : quoted !== undefined ? 'string' : 'value';
    made.append(pretty.slice(end, match.index), element('span', { class: `json-${kind}` }, token));
    end = match.index + token.length;
  }
  made.append(pretty.slice(end));
  return made;
}

function prettified(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return undefined;
  }
}

const clipped = (text: string) =>
  text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}\n… cut here: the rest is not shown` : text;
