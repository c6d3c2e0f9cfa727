/** A byte-order mark, as editors and Windows tools put it first. */
const MARK = '\ufeff';
const BEGINS_QUOTED = /^\s*"/;
const BEGINS_OBJECT = /^\s*\{/;

/**
 * The JSON text of a message's body: without a byte-order mark, and out of a JSON string that holds an object, as
 * senders produce it who encode twice. One such layer is taken off. Anything else is returned as it came.
 */
export function jsonTextOf(body: string): string {
  const text = withoutMark(body);
  if (!BEGINS_QUOTED.test(text)) return text;
  const held: unknown = parsed(text);
  return (typeof held === 'string' ? objectTextIn(held) : undefined) ?? text;
}

/** The JSON text of an object, when `text` is one. */
export function objectTextIn(text: string): string | undefined {
  const inner = withoutMark(text);
  return BEGINS_OBJECT.test(inner) && parsed(inner) !== undefined ? inner : undefined;
}

/** However many there are, and whatever white space is around them; white space alone is JSON, and stays. */
export function withoutMark(text: string): string {
  const inner = text.trimStart();
  return text.slice(0, text.length - inner.length).includes(MARK) ? inner : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
