import { writeExactly } from '../orders/exactJson.ts';
import { isRecord } from '../orders/record.ts';
import { jobOfMessage, type MessageFacts, type OrderJob, type Reading } from './orderJob.ts';
import { orderOf } from './readOrderJob.ts';

/**
 * The job that a refused one would be, were its message delivered today: INBOX_ENVELOPE may have been mended since.
 * Undefined when that is no other job, when what it has is meant to be an order, or when somebody edited it: what was
 * put there is not passed over for what was delivered.
 */
export function readAgain(data: unknown, reading: Reading): OrderJob | undefined {
  if (!isRecord(data) || isMeantToBeOrder(data, reading.maxBodyBytes)) return undefined;
  const delivered = deliveredIn(data, reading.maxBodyBytes);
  if (delivered === undefined) return undefined;
  const { orderAt, nothingAt, envelopes, ...facts } = (isRecord(data.message) ? data.message : {}) as Partial<
    Record<keyof MessageFacts, unknown>
  >;
  const again = jobOfMessage(delivered, facts as unknown as MessageFacts, reading);
  const isLost = again.message.nothingAt !== undefined;
  // An order that says what is wrong with it is told that.
  if (isLost && typeof nothingAt !== 'string') return undefined;
  return 'order' in again && 'order' in data && isSame(again.order, data.order) ? undefined : again;
}

function isMeantToBeOrder(data: Fields, maxBodyBytes: number): boolean {
  try {
    const order = orderOf(data, maxBodyBytes);
    return isRecord(order) && Object.hasOwn(order, 'order_id');
  } catch {
    return false;
  }
}

/** The text that SQS delivered; undefined when it is not kept, or `order` was edited. */
function deliveredIn(data: Fields, maxBodyBytes: number): string | undefined {
  const { raw } = data;
  if (!('order' in data)) return typeof raw === 'string' ? raw : undefined;
  if (typeof raw === 'string') return isAsTaken(data, raw, maxBodyBytes) ? raw : undefined;
  try {
    return writeExactly(orderOf(data, maxBodyBytes));
  } catch {
    return undefined;
  }
}

/** Whether `order` is what some INBOX_ENVELOPE took out of `raw`. */
function isAsTaken({ order, message }: Fields, raw: string, maxBodyBytes: number): boolean {
  const orderAt = isRecord(message) ? message.orderAt : undefined;
  const place = typeof orderAt === 'string' ? [orderAt.split('.')] : [];
  return [...place, 'auto' as const, 'none' as const].some((envelope) =>
    isSame(jobOfMessage(raw, {} as MessageFacts, { envelope, maxBodyBytes }).order, order),
  );
}

/** Both are kept as JSON. */
const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

type Fields = Record<string, unknown>;
