import { HttpProblem } from '../http/transport/problem.ts';
import { InvalidOrder } from '../orders/invalidOrder.ts';
import { isRecord } from '../orders/record.ts';
import { orderOf, sentIn } from '../queue/readOrderJob.ts';

/**
 * Lets pass what may replace a job's data. Whether the order counts is for the rules to say when it runs; here it only
 * has to be an order at all.
 *
 * @throws HttpProblem 400 or 413, which says what to put there instead
 */
export function checkEdit(data: unknown, maxBodyBytes: number): void {
  refuseUnreadable(data, maxBodyBytes);
  const size = Buffer.byteLength(asText(sentIn(data)));
  if (size > maxBodyBytes) {
    throw new HttpProblem(413, {
      kind: 'content-too-large',
      detail: `The order has ${size} bytes, at most MAX_BODY_BYTES, ${maxBodyBytes}, are taken`,
    });
  }
  // As deep as it is stored: at most one level further down.
  asText({ order: data });
}

function refuseUnreadable(data: unknown, maxBodyBytes: number): void {
  if (data === undefined) throw unreadable('there is no jobData');
  let order: unknown;
  try {
    order = orderOf(data, maxBodyBytes);
  } catch (error) {
    if (error instanceof InvalidOrder) throw unreadable(error.message);
    throw error;
  }
  if (isRecord(order)) return;
  throw unreadable(order === null ? 'it is null' : `it is ${Array.isArray(order) ? 'a list' : typeof order}`);
}

const unreadable = (why: string) =>
  new HttpProblem(400, {
    kind: 'bad-request',
    detail:
      `This holds no order that could be read (${why}), so nothing was saved. Put the order, a JSON object, ` +
      'into `order`, or in place of all the data.',
  });

/** Deep enough nesting exhausts the stack, here and again in every worker. */
function asText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw unreadable('it is nested too deep');
  }
}
