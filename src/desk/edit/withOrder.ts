import { writeExactly } from '../../orders/exactJson.ts';
import { InvalidOrder } from '../../orders/invalidOrder.ts';
import { type MessageFacts, toOrderJob } from '../../queue/orderJob.ts';
import { orderOf, sentIn } from '../../queue/readOrderJob.ts';
import { checkEdit } from '../checkEdit.ts';
import { revised, revisionOf } from '../replaceData.ts';
import { type Container, wrapperOf } from '../wrapper.ts';

/**
 * The data of a job with another order, JSON text, in place of its own: what SQS delivered stays beside it. `revision`:
 * how often the job had been edited when it was looked at.
 *
 * @throws HttpProblem which says why it cannot be stored, or that it was edited since
 */
export function withOrder(
  stored: unknown,
  text: string,
  maxBodyBytes: number,
  revision = revisionOf(stored),
): Container {
  const wrapped = wrapperOf(stored);
  const { order: _, exact: __, ...beside } = wrapped?.data ?? {};
  const kept = toOrderJob(text, {} as MessageFacts, maxBodyBytes);
  const order = 'order' in kept ? { order: kept.order } : { raw: text };
  const data = { ...beside, ...order, ...(kept.exact ? { exact: kept.exact } : {}) };
  checkEdit(data, maxBodyBytes);
  return revised({ ...data, message: { ...wrapped?.message, edits: revision } }, stored);
}

/** The order of a job as text to be edited, every digit as it was sent; what is no JSON as it is. */
export function orderText(data: unknown): string {
  try {
    return writeExactly(orderOf(data, Number.POSITIVE_INFINITY), 2);
  } catch (error) {
    if (!(error instanceof InvalidOrder || error instanceof RangeError)) throw error;
    const sent = sentIn(data);
    return typeof sent === 'string' ? sent : JSON.stringify(sent);
  }
}
