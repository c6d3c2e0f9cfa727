import { type IdCase, idText, normaliseId } from '../orders/ids.ts';
import { InvalidOrder } from '../orders/invalidOrder.ts';
import { parseTimestamp } from '../orders/timestamp.ts';

/** The data of one BullMQ job: what operators see and edit in Bull Board. One job per message. */
export interface OrderJob {
  /** The body's JSON value, whatever it is. */
  order?: unknown;
  /** The body's text instead, when it cannot be kept as JSON without loss. An edit puts `order` beside it. */
  raw?: string;
  message: MessageFacts;
}

/** What SQS said about the message, kept for operators and for dating orders without a timestamp. */
export interface MessageFacts {
  id: string;
  /** When SQS received it, ISO, UTC. */
  sentAt: string;
  receiveCount: number;
  /** What SNS and EventBridge wrapped around the order, the outer one first. */
  envelopes?: readonly { from: string; id: string; source: string }[];
}

/** Name of the BullMQ queue in every partition, and of its jobs. */
export const ORDER_QUEUE = 'orders';
export const ORDER_JOB = 'order';

/** A longer body is kept as text and refused: an order of this size is a fault, and Bull Board cannot show it. */
export const MAX_BODY_BYTES = 256 * 1024;

/** Any body becomes a job; nothing is judged here. */
export function toOrderJob(body: string, message: MessageFacts): OrderJob {
  const parsed = parseWithoutLoss(body);
  return parsed ? { order: parsed.value, message } : { raw: body, message };
}

/**
 * The value to judge. Throws InvalidOrder when there is none. Data without our wrapper is taken as the order
 * itself: that is what an operator pastes at 3 a.m.
 */
export function orderOf(data: unknown): unknown {
  if (!isRecord(data)) return data;
  if ('order' in data) return data.order;
  if (typeof data.raw !== 'string') return data;
  if (Buffer.byteLength(data.raw) > MAX_BODY_BYTES) {
    const size = Buffer.byteLength(data.raw);
    throw refusal('too_large', `the message has ${size} bytes, at most ${MAX_BODY_BYTES} are taken`);
  }
  try {
    return JSON.parse(data.raw);
  } catch (error) {
    // V8's message quotes the text, which may hold an address: only the position is safe to repeat.
    // Anchored, because quoted text may itself read `position 7`.
    const position = / JSON at (position \d+)(?: \(line \d+ column \d+\))?$/.exec(
      (error as Error).message,
    )?.[1];
    throw refusal('invalid_json', `the message is not JSON${position ? ` (at ${position})` : ''}`);
  }
}

/** The user a body names, spelled as it will be counted; undefined when it names none. Decides the partition. */
export function userIdOf(data: OrderJob, idCase: IdCase): string | undefined {
  const userId = isRecord(data.order) ? idText(data.order.user_id) : undefined;
  return userId === undefined ? undefined : normaliseId(userId, idCase);
}

/** When the message arrived, as ISO; `fallback` (ms since 1970) when an edit has removed it. */
export function receivedAt(data: unknown, fallback: number): string {
  const sentAt = isRecord(data) && isRecord(data.message) ? data.message.sentAt : undefined;
  const instant = typeof sentAt === 'string' ? parseTimestamp(sentAt) : undefined;
  return instant ?? new Date(fallback).toISOString();
}

/** A number this long overflows to Infinity, which JSON can only write as null. */
const MAY_OVERFLOW = /[eE]\+?\d{3}|\d{200}/;
/** Shorter text cannot nest deep enough to exhaust the stack when BullMQ writes it as JSON again. */
const SURELY_SHALLOW = 2_000;

function parseWithoutLoss(body: string): { value: unknown } | undefined {
  if (body.length > MAX_BODY_BYTES || Buffer.byteLength(body) > MAX_BODY_BYTES) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(body);
    if (body.length > SURELY_SHALLOW || MAY_OVERFLOW.test(body)) JSON.stringify(value, refuseInfinity);
    return { value };
  } catch {
    return undefined;
  }
}

function refuseInfinity(_key: string, value: unknown): unknown {
  if (value === Infinity || value === -Infinity) throw new RangeError('JSON cannot hold it');
  return value;
}

function refusal(code: 'too_large' | 'invalid_json', message: string): InvalidOrder {
  return new InvalidOrder([{ code, path: '', message }]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
