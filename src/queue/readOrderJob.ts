import { jsonTextOf, objectTextIn } from '../orders/bodyText.ts';
import { ExactNumber, parseKeepingDigits } from '../orders/exactJson.ts';
import { type IdCase, idText, normaliseId } from '../orders/ids.ts';
import { InvalidOrder, type Reason } from '../orders/invalidOrder.ts';
import { isRecord } from '../orders/record.ts';
import { parseTimestamp } from '../orders/timestamp.ts';
import { takenOut } from './envelope.ts';
import { exactNumber, withExactNumbers } from './exactPointers.ts';
import { isLonger, type OrderJob } from './orderJob.ts';

/**
 * The value to judge, with an ExactNumber where JavaScript would lose digits. Throws InvalidOrder when there is none.
 * Data without our wrapper is taken as the order itself: that is what an operator pastes at 3 a.m.
 */
export function orderOf(data: unknown, maxBodyBytes: number): unknown {
  if (!isRecord(data)) return data;
  if ('order' in data) return orderIn(data);
  if (typeof data.raw !== 'string') return data;
  const message = isRecord(data.message) ? data.message : {};
  const value = readText(jsonTextOf(orderTextIn(data.raw, message)), maxBodyBytes);
  const place = message.nothingAt;
  if (typeof place !== 'string') return value;
  throw refusal(
    'missing_field',
    `INBOX_ENVELOPE takes the order from ${place}, and nothing could be taken from there`,
    place,
  );
}

/** What was sent, for a look at what else it may be: its value, or the text that is not JSON. */
export function sentIn(data: unknown): unknown {
  if (!isRecord(data)) return data;
  if ('order' in data) return data.order;
  if (typeof data.raw !== 'string') return 'raw' in data ? data.raw : data;
  return isRecord(data.message) ? orderTextIn(data.raw, data.message) : data.raw;
}

/** Out of the envelopes that it was found in. Who edits `raw` may have taken them off. */
function orderTextIn(raw: string, { orderAt, envelopes }: Record<string, unknown>): string {
  if (typeof orderAt === 'string') return takenOut(raw, orderAt.split('.'))?.body ?? raw;
  return envelopes === undefined ? raw : (takenOut(raw, 'auto')?.body ?? raw);
}

/** The user a body names, spelled as it will be counted; undefined when it names none. Decides the partition. */
export function userIdOf(data: OrderJob, idCase: IdCase): string | undefined {
  const userId = idText(idIn(data, 'user_id'));
  return userId === undefined ? undefined : normaliseId(userId, idCase);
}

/** Ids as sent, with every digit, clipped: they go into log lines and titles, whatever was in the field. */
export function idsOf(data: unknown): { orderId: string; userId: string } {
  return { orderId: clipped(idIn(data, 'order_id')), userId: clipped(idIn(data, 'user_id')) };
}

/** When the message arrived, as ISO; `fallback` (ms since 1970) when an edit has removed it. */
export function receivedAt(data: unknown, fallback: number): string {
  const sentAt = isRecord(data) && isRecord(data.message) ? data.message.sentAt : undefined;
  const instant = typeof sentAt === 'string' ? parseTimestamp(sentAt) : undefined;
  const added = new Date(fallback);
  return instant ?? (Number.isNaN(added.getTime()) ? new Date(0) : added).toISOString();
}

/** Whether somebody has seen what the review holds it for, and wants it counted as it is. */
export const isReleased = (data: unknown): boolean =>
  isRecord(data) && isRecord(data.message) && data.message.released === true;

/** Which span of the sender's trace the message belongs to, as the job has it: whatever an edit has left there. */
export function traceparentIn(data: unknown): string | undefined {
  const kept = isRecord(data) && isRecord(data.message) ? data.message.traceparent : undefined;
  return typeof kept === 'string' ? kept : undefined;
}

function orderIn(data: Record<string, unknown>): unknown {
  const order = isRecord(data.exact) ? withExactNumbers(data.order, data.exact) : data.order;
  if (typeof order !== 'string') return order;
  const text = objectTextIn(order);
  return text === undefined ? order : parseKeepingDigits(text);
}

function readText(text: string, maxBodyBytes: number): unknown {
  if (isLonger(text, maxBodyBytes)) {
    const size = Buffer.byteLength(text);
    throw refusal(
      'too_large',
      `the message has ${size} bytes, at most ${maxBodyBytes} are taken (MAX_BODY_BYTES)`,
    );
  }
  try {
    return parseKeepingDigits(text);
  } catch (error) {
    // V8's message quotes the text, which may hold an address: only the position is safe to repeat.
    // Anchored, because quoted text may itself read `position 7`.
    const position = / JSON at (position \d+)(?: \(line \d+ column \d+\))?$/.exec(
      (error as Error).message,
    )?.[1];
    throw refusal('invalid_json', `the message is not JSON${position ? ` (at ${position})` : ''}`);
  }
}

function idIn(data: unknown, field: 'order_id' | 'user_id'): unknown {
  if (!isRecord(data) || !isRecord(data.order)) return undefined;
  const value = data.order[field];
  return (isRecord(data.exact) ? exactNumber(value, data.exact[`/${field}`]) : undefined) ?? value;
}

function clipped(id: unknown): string {
  const text = id instanceof ExactNumber ? id.text : id;
  return typeof text === 'string' || typeof text === 'number' ? String(text).slice(0, 128) : '';
}

function refusal(code: Reason, message: string, path = ''): InvalidOrder {
  return new InvalidOrder([{ code, path, message }]);
}
