import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Logger } from 'winston';
import type { Person } from '../../access/person.ts';
import { readTraceparent } from '../../telemetry/traces/traceContext.ts';

/** What callers may name a request: what fits on a log line as it is. */
const REQUEST_ID = /^[\w.:=/+-]{1,128}$/;
/** What machines ask for again and again: at INFO it would be most of the log and tell nothing. */
const POLLED = /^(?:https?:\/\/[^/]*)?(?:\/v1)?\/(?:health|queue|metrics|pulse)(?:[/?]|$)/i;

export const isPolled = (url: string): boolean => POLLED.test(url);

/** What an OpenID provider sends people back with is for nobody else. */
const SIGNING_IN = /^(.*\/sign-in\/[^?]*)\?.*$/;

/**
 * One line per request with its id, the caller's trace and which key it came with; `X-Request-Id` and
 * `X-Process-Time` (seconds) on every response. The id is the caller's own when it gave a sane one.
 */
export function requestLog(logger: Logger): (request: Request, response: Response) => void {
  // Winston does most of its work before it looks at the level.
  const isLogged = { info: logger.isLevelEnabled('info'), debug: logger.isLevelEnabled('debug') };
  return (request, response) => {
    const started = performance.now();
    const given = request.headers['x-request-id'];
    const requestId = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    response.setHeader('X-Request-Id', requestId);
    const writeHead = response.writeHead;
    // The last moment at which a header can be set, whoever sends the response.
    response.writeHead = function (this: typeof response, ...args: Parameters<typeof writeHead>) {
      if (!this.headersSent)
        this.setHeader('X-Process-Time', ((performance.now() - started) / 1_000).toFixed(6));
      return writeHead.apply(this, args);
    } as typeof writeHead;
    // Express changes `url` while it walks through mounted routers; the line should show what was asked.
    const { method, originalUrl } = request;
    const level = isPolled(originalUrl) ? 'debug' : 'info';
    if (isLogged[level]) {
      const traceId = readTraceparent(String(request.headers.traceparent))?.traceId;
      response.once('close', () => {
        const { apiKeyId, person } = response.locals as { apiKeyId?: string; person?: Person };
        logger[level]('request', {
          method,
          url: originalUrl.replace(SIGNING_IN, '$1').slice(0, 300),
          status: response.statusCode,
          ms: Number((performance.now() - started).toFixed(2)),
          request_id: requestId,
          ...(traceId === undefined ? {} : { trace_id: traceId }),
          ...(apiKeyId === undefined ? {} : { api_key: apiKeyId }),
          ...(person?.kind === 'user' ? { user: person.name } : {}),
        });
      });
    }
  };
}
