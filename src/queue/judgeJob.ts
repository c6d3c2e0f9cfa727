import { InvalidOrder } from '../orders/invalidOrder.ts';
import { lookalike } from '../orders/lookalikes.ts';
import type { Order } from '../orders/order.ts';
import type { ParseOrder } from '../orders/parseOrder.ts';
import type { Reading } from './orderJob.ts';
import { readAgain } from './readAgain.ts';
import { orderOf, receivedAt, sentIn } from './readOrderJob.ts';

export interface Judging {
  parse: ParseOrder;
  /** How a message delivered today is read: for orders that were refused for want of another INBOX_ENVELOPE. */
  reading: Reading;
}

/**
 * What the rules make of the order in a job, whose timestamp (ms) dates it when neither it nor the message says when. A
 * refused one is read once more as its message would be today: "mend the cause, then retry" holds for settings too.
 *
 * @throws InvalidOrder
 */
export function judgeJob(data: unknown, addedAt: number, { parse, reading }: Judging): Order {
  const arrived = receivedAt(data, addedAt);
  const judged = (job: unknown) => parse(orderOf(job, reading.maxBodyBytes), arrived);
  try {
    return judged(data);
  } catch (error) {
    if (!(error instanceof InvalidOrder)) throw error;
    const again = readAgain(data, reading);
    if (!again) throw told(error, data, reading);
    try {
      return judged(again);
    } catch (refusal) {
      throw told(refusal, again, reading);
    }
  }
}

/** A refusal says what was sent instead of an order, when that can be told. */
const told = (error: unknown, job: unknown, { envelope }: Reading): unknown =>
  error instanceof InvalidOrder
    ? new InvalidOrder(
        error.issues,
        lookalike(sentIn(job), typeof envelope === 'string' ? envelope : envelope.join('.')),
      )
    : error;
