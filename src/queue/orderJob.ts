import { jsonTextOf } from '../orders/bodyText.ts';
import { mayLoseDigits, parseExactly } from '../orders/exactJson.ts';
import { type InboxEnvelope, takenOut } from './envelope.ts';
import { type ExactNumbers, exactNumbersIn } from './exactPointers.ts';

/** The data of one BullMQ job: what operators see and edit in Bull Board. One job per message. */
export interface OrderJob {
  /** The body's JSON value, whatever it is. */
  order?: unknown;
  /** The numbers in `order` that JavaScript rounds: their place → their text as sent. An edited number stands for itself. */
  exact?: ExactNumbers;
  /**
   * What was delivered, when it is more than `order` says or the order cannot be kept as JSON without loss; then there
   * is no `order`, and an edit puts one beside it.
   */
  raw?: string;
  message: MessageFacts;
}

/** What SQS said about the message, kept for operators and for dating orders without a timestamp. */
export interface MessageFacts {
  id: string;
  /** When SQS received it, ISO, UTC. */
  sentAt: string;
  receiveCount: number;
  /** Which span of the sender's trace it belongs to, kept while traces are on. */
  traceparent?: string;
  /** What SNS and EventBridge wrapped around the order, the outer one first. */
  envelopes?: readonly { from: string; id: string; source: string }[];
  /** Where in the message the order was found, when INBOX_ENVELOPE named a place: names with dots between them. */
  orderAt?: string;
  /** Where INBOX_ENVELOPE said that the order is, when nothing could be taken from there: `raw` is the whole. */
  nothingAt?: string;
  /** How often the data was edited by hand; an edit of what somebody else has edited since is told by it. */
  edits?: number;
  /** Somebody has released it from the review's hold: it counts whatever is found. */
  released?: true;
}

/** Name of the jobs. */
export const ORDER_JOB = 'order';

export interface Reading {
  envelope: InboxEnvelope;
  /** A longer order is kept as text, to be refused. */
  maxBodyBytes: number;
}

/** The job of a message, its order taken out of whatever is around it. */
export function jobOfMessage(delivered: string, facts: MessageFacts, reading: Reading): OrderJob {
  const { envelope, maxBodyBytes } = reading;
  const taken = takenOut(delivered, envelope);
  const place = Array.isArray(envelope) ? envelope.join('.') : undefined;
  if (!taken) return { raw: delivered, message: { ...facts, nothingAt: place as string } };
  const message = { ...facts };
  if (taken.envelopes.length > 0) message.envelopes = taken.envelopes;
  if (place !== undefined) message.orderAt = place;
  return toOrderJob(taken.body, message, maxBodyBytes, delivered);
}

/**
 * Any body becomes a job; nothing is judged here. A longer one than `maxBodyBytes` is kept as text, to be refused.
 * `delivered` is what SQS delivered, when the body is only a part of it.
 */
export function toOrderJob(
  body: string,
  message: MessageFacts,
  maxBodyBytes: number,
  delivered = body,
): OrderJob {
  const text = jsonTextOf(body);
  const kept = keptWithoutLoss(text, maxBodyBytes);
  if (!kept) return { raw: delivered, message };
  const job: OrderJob = { order: kept.value, message };
  if (kept.exact) job.exact = kept.exact;
  if (text !== delivered) job.raw = delivered;
  return job;
}

export function isLonger(text: string, maxBytes: number): boolean {
  return text.length > maxBytes || (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes);
}

/** Shorter text cannot nest deep enough to exhaust the stack when BullMQ writes it as JSON again. */
const SURELY_SHALLOW = 2_000;
/** BullMQ writes it from further down the stack than we try it here, and inside of objects. */
const SPARE_LEVELS = 100;

function keptWithoutLoss(
  text: string,
  maxBodyBytes: number,
): { value: unknown; exact?: ExactNumbers } | undefined {
  if (isLonger(text, maxBodyBytes)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (text.length > SURELY_SHALLOW) JSON.stringify(deeper(value));
    if (!mayLoseDigits(text)) return { value };
    const exact = exactNumbersIn(parseExactly(text), maxBodyBytes);
    if (!exact) return undefined;
    return Object.keys(exact).length === 0 ? { value } : { value, exact };
  } catch {
    // No JSON, or nested too deep for the stack.
    return undefined;
  }
}

function deeper(value: unknown): unknown {
  let whole = value;
  for (let level = 0; level < SPARE_LEVELS; level += 1) whole = [whole];
  return whole;
}
