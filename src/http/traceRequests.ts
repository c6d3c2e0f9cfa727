import type { Request, Response } from 'express';
import type { Traces } from '../telemetry/traces/traces.ts';
import { OTHER_ROUTE, routeOf } from './metrics.ts';
import { isPolled } from './transport/requestLog.ts';

/** A span for each request, of the caller's trace when it names one. Never the path as it was asked for: users are in it. */
export function traceRequests(traces: Traces): (request: Request, response: Response) => void {
  return (request, response) => {
    if (isPolled(request.originalUrl)) return;
    const { method, headers } = request;
    const span = traces.begin(method, {
      kind: 'server',
      parent: headers.traceparent as string | undefined,
      attributes: { 'http.request.method': method },
    });
    response.once('close', () => {
      const route = routeOf(request);
      const isKnown = route !== OTHER_ROUTE;
      const { statusCode, writableFinished } = response;
      span.end(
        {
          ...(isKnown ? { 'http.route': route } : {}),
          ...(writableFinished ? { 'http.response.status_code': statusCode } : { 'error.type': 'aborted' }),
        },
        { failed: statusCode >= 500, name: isKnown ? `${method} ${route}` : method },
      );
    });
  };
}
