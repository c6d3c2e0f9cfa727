import type { Request, RequestHandler, Response } from 'express';
import { secretCheck } from '../access/adminLogin.ts';
import type { Family } from '../telemetry/prometheus/families.ts';
import { OPENMETRICS_TYPE, type ProcessMetrics, TEXT_TYPE } from '../telemetry/prometheus/processMetrics.ts';
import type { Ping } from './health.ts';
import { presentedBy } from './transport/caller.ts';
import { HttpProblem } from './transport/problem.ts';
import { sendUnstored } from './transport/send.ts';

export interface MetricsParts {
  metrics: ProcessMetrics;
  ping: Ping;
  /** What the whole installation does, of roles that serve the API. Rejects when Redis does not answer. */
  fleet?: (() => Promise<Family[]>) | undefined;
}

/** Answers in the exposition format: in the form that the request prefers, or the older one. */
export function expositionRoute({ metrics, ping, fleet }: MetricsParts): RequestHandler {
  return async (request, response) => {
    const isOpenMetrics = formWanted(request.headers.accept ?? '') === 'openmetrics';
    // Without Redis a process still tells of itself: that is when somebody looks.
    const [redisUp, families] = await Promise.all([ping(), fleet?.().catch(() => []) ?? []]);
    const body = await metrics.exposition(redisUp !== undefined, families, isOpenMetrics);
    sendUnstored(request, response, { type: isOpenMetrics ? OPENMETRICS_TYPE : TEXT_TYPE, body });
  };
}

/** Hands on to the JSON of the same address what does not prefer the exposition format. */
export function forPrometheus(exposition: RequestHandler): RequestHandler {
  return (request, response, next) => {
    response.vary('Accept');
    return formWanted(request.headers.accept ?? '') === 'json' ? next() : exposition(request, response, next);
  };
}

const FORMS = { json: 'application/json', openmetrics: 'application/openmetrics-text', text: 'text/plain' };

/** Whatever version, charset or escaping is asked for: each form is written so that any reader of it can read it. */
function formWanted(accept: string): keyof typeof FORMS {
  let [best, most]: [keyof typeof FORMS, number] = ['json', qualityOf(FORMS.json, accept)];
  for (const form of ['openmetrics', 'text'] as const) {
    const quality = qualityOf(FORMS[form], accept);
    if (quality > most) [best, most] = [form, quality];
  }
  return best;
}

/** What the most exact range that covers the type gives it; the largest, where versions differ. */
function qualityOf(type: string, accept: string): number {
  const ranges = accept.split(',').map((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return { name, quality: Number(parameters.find((each) => each.startsWith('q='))?.slice(2) ?? 1) };
  });
  for (const name of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const covering = ranges.filter((range) => range.name === name);
    if (covering.length > 0) return Math.max(...covering.map(({ quality }) => quality));
  }
  return 0;
}

export interface MetricsRule {
  token: string | undefined;
  keysNeeded: boolean;
  /** Of roles that serve the stats: they alone have the keys at hand. */
  reads: RequestHandler | undefined;
}

/** Whoever has the token, when there is one; else whoever may read the stats. */
export function metricsGuard({ token, keysNeeded, reads }: MetricsRule): RequestHandler {
  if (token === undefined && reads) return reads;
  if (token === undefined && !keysNeeded) return (_request, _response, next) => next();
  const isToken = token === undefined ? () => false : secretCheck(token);
  const detail =
    token === undefined
      ? 'This role knows no API keys: set METRICS_TOKEN, and send it as Authorization: Bearer TOKEN'
      : 'This needs METRICS_TOKEN, sent as Authorization: Bearer TOKEN';
  return (request, response, next) => {
    const presented = presentedBy(request);
    if (presented.kind === 'key' && isToken(presented.key)) return next();
    response.set('WWW-Authenticate', 'Bearer realm="order-pipeline"');
    throw new HttpProblem(401, { kind: 'unauthorized', detail });
  };
}

/** Tells the metrics of each answer once it has ended. */
export function countRequests(metrics: ProcessMetrics): (request: Request, response: Response) => void {
  return (request, response) => {
    const started = performance.now();
    response.once('close', () => {
      const route = routeOf(request);
      // It lasts as long as somebody looks, which says nothing about how fast it is.
      if (route !== '/pulse/stream')
        metrics.request(route, statusOf(response), (performance.now() - started) / 1_000);
    });
  };
}

/** As the code writes it: a path as it was asked for would make a new series for every user. */
export function routeOf({ route, baseUrl }: Request): string {
  if (baseUrl.toLowerCase().startsWith('/admin')) return '/admin';
  const [path] = [(route as { path?: unknown } | undefined)?.path].flat();
  return typeof path === 'string' ? path : OTHER_ROUTE;
}

/** Of what no route answers. */
export const OTHER_ROUTE = 'other';

function statusOf({ statusCode, writableFinished }: Response): string {
  return writableFinished ? `${Math.floor(statusCode / 100)}xx` : 'aborted';
}
