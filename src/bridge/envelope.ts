/** A wrapper that a service put around the order on its way to the inbox. */
export interface Envelope {
  from: 'sns' | 'eventbridge';
  /** The id under which that service knows the message. */
  id: string;
  /** Topic or event source. */
  source: string;
}

/** EventBridge through SNS is common; anything deeper is not an envelope any more. */
const DEEPEST = 3;

/**
 * Takes the order out of SNS and EventBridge envelopes, the outer one first. Only what carries every mark of an
 * envelope is taken for one; all else is returned as it came.
 */
export function unwrap(body: string): { body: string; envelopes: Envelope[] } {
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

function unwrapOnce(body: string): { body: string; envelope: Envelope } | undefined {
  // Most messages are no envelopes: a look at the text spares them being parsed twice.
  if (!body.includes('"TopicArn"') && !body.includes('"detail-type"')) return undefined;
  const outer = parseObject(body);
  if (!outer) return undefined;
  const { Type, MessageId, TopicArn, Message } = outer;
  if (Type === 'Notification' && isText(MessageId) && isText(TopicArn) && isText(Message)) {
    return { body: Message, envelope: { from: 'sns', id: MessageId, source: TopicArn } };
  }
  const { id, source, detail } = outer;
  if (!isText(outer['detail-type']) || !isText(id) || !isText(source)) return undefined;
  const inner = writtenAgain(detail, body);
  return inner === undefined ? undefined : { body: inner, envelope: { from: 'eventbridge', id, source } };
}

/** Looks like a number too large for JavaScript. Many ids do as well, so that each value must be asked then. */
const MAY_OVERFLOW = /[eE]\+?\d{3}|\d{300}/;

/** The detail as text. Undefined when it is none, or something of it would be lost: the whole is kept then. */
function writtenAgain(detail: unknown, body: string): string | undefined {
  if (typeof detail !== 'object' || detail === null) return undefined;
  try {
    return JSON.stringify(detail, MAY_OVERFLOW.test(body) ? refuseInfinite : undefined);
  } catch {
    // An infinite number, or nested too deep for the stack.
    return undefined;
  }
}

/** JSON.stringify would write null. */
function refuseInfinite(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('too large for JSON');
  return value;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string';
