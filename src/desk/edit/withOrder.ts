import { LARGEST_BODY } from '../../http/transport/requestLimits.ts';
import { parseExactly, writeExactly } from '../../orders/exactJson.ts';
import { InvalidOrder } from '../../orders/invalidOrder.ts';
import { isLonger, type MessageFacts, toOrderJob } from '../../queue/orderJob.ts';
import { orderOf, sentIn } from '../../queue/readOrderJob.ts';
import { visible, visibleLines } from '../../runtime/visibleText.ts';
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
  const written = isLonger(text, maxBodyBytes) ? withoutBlanks(text) : text;
  const kept = toOrderJob(written, {} as MessageFacts, maxBodyBytes);
  const order = 'order' in kept ? { order: kept.order } : { raw: written };
  const data = { ...beside, ...order, ...(kept.exact ? { exact: kept.exact } : {}) };
  checkEdit(data, maxBodyBytes);
  return revised({ ...data, message: { ...wrapped?.message, edits: revision } }, stored);
}

/** What only shows the order to people is none of its size. */
function withoutBlanks(text: string): string {
  try {
    JSON.parse(text);
    return writeExactly(parseExactly(text));
  } catch {
    // No JSON, or nested too deep: it is judged as it is.
    return text;
  }
}

/** Deeper, the blanks in front of the lines are more than what stands there. */
const MOST_INDENTED = 20;
/** What is sent back is escaped once more, and has to fit into a request. */
const LONGEST_INDENTED = LARGEST_BODY / 2;

/**
 * The order of a job as text to be edited, every digit as it was sent, and what hides in it written as `\u200b`, so that
 * somebody can take it out; what is no JSON as it is.
 */
export function orderText(data: unknown): string {
  try {
    const order = orderOf(data, Number.POSITIVE_INFINITY);
    const text = visible(writeExactly(order));
    if (depthOf(text) > MOST_INDENTED) return text;
    const indented = visibleLines(writeExactly(order, 2));
    return indented.length > LONGEST_INDENTED ? text : indented;
  } catch (error) {
    if (!(error instanceof InvalidOrder || error instanceof RangeError)) throw error;
    const sent = sentIn(data);
    return typeof sent === 'string' ? sent : JSON.stringify(sent);
  }
}

/** How deep JSON is nested. */
function depthOf(json: string): number {
  let [depth, deepest, isText] = [0, 0, false];
  for (let at = 0; at < json.length; at += 1) {
    const sign = json[at];
    if (sign === '\\') at += 1;
    else if (sign === '"') isText = !isText;
    else if (isText) continue;
    else if (sign === '[' || sign === '{') deepest = Math.max(deepest, ++depth);
    else if (sign === ']' || sign === '}') depth -= 1;
  }
  return deepest;
}
