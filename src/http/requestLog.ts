import type { RequestHandler } from 'express';
import type { Logger } from 'winston';

/** One line per request, and `X-Process-Time` (seconds) on every response. */
export function requestLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    // Express changes `url` while it walks through mounted routers; the line should show what was asked.
    const { method, originalUrl } = request;
    const writeHead = response.writeHead;
    // The last moment at which a header can be set, whoever sends the response.
    response.writeHead = function (this: typeof response, ...args: Parameters<typeof writeHead>) {
      if (!this.headersSent)
        this.setHeader('X-Process-Time', ((performance.now() - started) / 1_000).toFixed(6));
      return writeHead.apply(this, args);
    } as typeof writeHead;
    response.once('close', () => {
      logger.info('request', {
        method,
        url: originalUrl.slice(0, 300),
        status: response.statusCode,
        ms: Number((performance.now() - started).toFixed(2)),
      });
    });
    next();
  };
}
