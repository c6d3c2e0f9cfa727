import { jsonTextOf, objectTextIn } from '../orders/bodyText.ts';
import { ExactNumber, mayLoseDigits, parseExactly, writeExactly } from '../orders/exactJson.ts';

/** A wrapper that a service put around the order on its way to the inbox. */
export interface Envelope {
  from: 'sns' | 'eventbridge';
  /** The id under which that service knows the message. */
  id: string;
  /** Topic or event source. */
  source: string;
}

/** Whether SNS and EventBridge envelopes are taken off; or the names on the way to the order in every message. */
export type InboxEnvelope = 'auto' | 'none' | readonly string[];

export interface Unwrapped {
  /** The order's text, and the envelopes it was in, the outer one first. */
  body: string;
  envelopes: Envelope[];
}

/** What INBOX_ENVELOPE takes out of a message. Undefined when it names a place, and nothing is there. */
export function takenOut(body: string, envelope: InboxEnvelope): Unwrapped | undefined {
  if (envelope === 'none') return { body, envelopes: [] };
  return envelope === 'auto' ? unwrap(body) : takeFrom(body, envelope);
}

/** EventBridge through SNS is common; anything deeper is not an envelope any more. */
const DEEPEST = 3;

/**
 * Takes the order out of SNS and EventBridge envelopes. Only what carries every mark of an envelope is taken for one;
 * all else is returned as it came.
 */
export function unwrap(body: string): Unwrapped {
  const envelopes: Envelope[] = [];
  let inner = body;
  while (envelopes.length < DEEPEST) {
    const layer = unwrapOnce(inner);
    if (!layer) break;
    envelopes.push(layer.envelope);
    inner = layer.body;
  }
  return { body: inner, envelopes };
}

/**
 * Takes the order from a place in the message, named from the outside in (`payload`, `after`); also from inside of the
 * envelopes above. `body` is the JSON text of what is there. Undefined when nothing is.
 */
export function takeFrom(body: string, place: readonly string[]): Unwrapped | undefined {
  const envelopes: Envelope[] = [];
  let inner = body;
  for (;;) {
    const taken = writtenAgain(inner, place);
    if (taken !== undefined) return { body: taken, envelopes };
    const layer = envelopes.length < DEEPEST ? unwrapOnce(inner) : undefined;
    if (!layer) return undefined;
    envelopes.push(layer.envelope);
    inner = layer.body;
  }
}

function unwrapOnce(body: string): { body: string; envelope: Envelope } | undefined {
  // Most messages are no envelopes: a look at the text spares them being parsed twice.
  if (!body.includes('TopicArn') && !body.includes('detail-type')) return undefined;
  const outer = parseObject(body);
  if (!outer) return undefined;
  const { Type, MessageId, TopicArn, Message } = outer;
  if (Type === 'Notification' && isText(MessageId) && isText(TopicArn) && isText(Message)) {
    return { body: Message, envelope: { from: 'sns', id: MessageId, source: TopicArn } };
  }
  const { id, source, detail } = outer;
  if (!isText(outer['detail-type']) || !isText(id) || !isText(source)) return undefined;
  const inner = isText(detail) ? objectTextIn(detail) : isContainer(detail) && writtenAgain(body, ['detail']);
  return isText(inner) ? { body: inner, envelope: { from: 'eventbridge', id, source } } : undefined;
}

/**
 * What is at a place in the message, as text with every digit. Undefined when nothing is there, or it is nested too
 * deep to be written again: the whole is kept then.
 */
function writtenAgain(body: string, place: readonly string[]): string | undefined {
  let isExact = false;
  const parse = (text: string): unknown => {
    if (!mayLoseDigits(text)) return JSON.parse(text);
    isExact = true;
    return parseExactly(text);
  };
  try {
    const value = valueAt(parse(jsonTextOf(body)), place, parse);
    if (value === undefined) return undefined;
    return isExact ? writeExactly(value) : JSON.stringify(value);
  } catch {
    // No JSON, or the stack is used up.
    return undefined;
  }
}

/**
 * A place in a list is none: the rest of the list would be lost. Nor is null: a deleted row has it for its content.
 * Every step may lie in an object that was encoded to text.
 */
function valueAt(whole: unknown, place: readonly string[], parse: (text: string) => unknown): unknown {
  let value = whole;
  for (const name of place) {
    const text = isText(value) ? objectTextIn(value) : undefined;
    if (text !== undefined) value = parse(text);
    if (!isContainer(value) || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value ?? undefined;
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(jsonTextOf(body));
    return isContainer(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof ExactNumber);
}
