import type { RequestHandler } from 'express';
import { sendProblem } from './problem.ts';

const MAX_AGE_SECONDS = '600';
const REQUEST_HEADERS = 'Authorization, X-API-Key, If-None-Match, X-Request-Id, traceparent';
const EXPOSED_HEADERS =
  'Content-Disposition, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Newest-Counted, X-Orders-Failed, X-Orders-Waiting, X-Request-Id, X-Process-Time';

/**
 * Lets pages of the listed origins read the API from a browser; `*` stands for all of them. Nothing else is sent to
 * other origins, so their browsers keep the answer from them. Cookies and passwords never go along: a page needs a
 * key of its own.
 */
export function cors(origins: readonly string[]): RequestHandler {
  const every = origins.includes('*');
  const allowed = new Set(origins);
  return (request, response, next) => {
    // An answer for one origin must not be handed to another by a cache between.
    if (!every) response.append('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined) return next();
    const isPreflight =
      request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (!every && !allowed.has(origin)) {
      if (!isPreflight) return next();
      return sendProblem(response, 403, {
        kind: 'forbidden',
        detail: 'Pages of this origin may not read the API; CORS_ORIGINS lists those that may',
      });
    }
    response.set('Access-Control-Allow-Origin', every ? '*' : origin);
    response.set('Access-Control-Expose-Headers', EXPOSED_HEADERS);
    if (!isPreflight) return next();
    response.set({
      'Access-Control-Allow-Methods': 'GET, HEAD',
      'Access-Control-Allow-Headers': REQUEST_HEADERS,
      'Access-Control-Max-Age': MAX_AGE_SECONDS,
    });
    response.status(204).end();
  };
}
