import type { RequestHandler } from 'express';
import { SQS_MESSAGE_BYTES } from '../../runtime/limits.ts';
import { sendProblem } from './problem.ts';

/** The longest path and query; the longest id, fully percent-encoded, is below half of it. */
const MAX_URL = 4_096;
/** Nothing else here reads a body. */
const MAX_BODY = 1_048_576;
/**
 * What the operators' pages may be sent: the data of a job whose message had the largest size that SQS delivers, kept
 * as text in which every quote is escaped, and beside it the order that an edit puts there.
 */
export const LARGEST_BODY = 4 * SQS_MESSAGE_BYTES;
/** Of a body that was refused, read and thrown away. */
const MOST_DISCARDED = 2 * LARGEST_BODY;
const HOLDS_ORDER = /^(https?:\/\/[^/]*)?(\/admin\/|(\/v1)?\/desk\/api\/orders\/)/i;

/**
 * Refuses what is too large before anything looks at it. Below this, Node bounds path and headers together (431),
 * and the body parser that reads a body bounds that.
 */
export const requestLimits: RequestHandler = (request, response, next) => {
  if (request.headers.host === undefined && request.httpVersion === '1.1') {
    return sendProblem(response, 400, { kind: 'bad-request', detail: 'HTTP/1.1 needs a Host header' });
  }
  if (request.url.length > MAX_URL) {
    return sendProblem(response, 414, {
      kind: 'uri-too-long',
      detail: `The path and the query are ${request.url.length} characters, ${MAX_URL} are the most`,
    });
  }
  const mostBytes = HOLDS_ORDER.test(request.url) ? LARGEST_BODY : MAX_BODY;
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) {
    // Otherwise Node goes on reading it, to find the next request behind it. A client that is cut off while it sends may
    // never see the answer, so it does that for a while.
    if (Number(request.headers['content-length']) > MOST_DISCARDED) response.set('Connection', 'close');
    return sendProblem(response, 413, {
      kind: 'content-too-large',
      detail: `The body is larger than ${mostBytes} bytes`,
    });
  }
  next();
};
