import express, { type Express, type Request, type RequestHandler, Router } from 'express';
import type { Logger } from 'winston';
import type { Family } from '../telemetry/prometheus/families.ts';
import type { ProcessMetrics } from '../telemetry/prometheus/processMetrics.ts';
import type { Traces } from '../telemetry/traces/traces.ts';
import { queueOperation } from './description/liveOperations.ts';
import { onlyAsks } from './desk/deskRoutes.ts';
import type { HealthRoutes } from './health.ts';
import { homeRoutes, isSomebody, KEY_NEEDED } from './home.ts';
import { countRequests } from './metrics.ts';
import { pageRoutes } from './pageRoutes.ts';
import { operationRoutes } from './stats/operationRoutes.ts';
import { traceRequests } from './traceRequests.ts';
import { atBasePath, basePathOf } from './transport/basePath.ts';
import { cors } from './transport/cors.ts';
import type { Guards } from './transport/guards.ts';
import { methodNotAllowed, notFound, problems, sendProblem } from './transport/problem.ts';
import { requestLimits } from './transport/requestLimits.ts';
import { requestLog } from './transport/requestLog.ts';
import { securityHeaders } from './transport/securityHeaders.ts';

export interface AppParts {
  logger: Logger;
  health: HealthRoutes;
  metrics: ProcessMetrics;
  traces: Traces | undefined;
  /** For Prometheus, without negotiation: who may ask, and the answer. */
  exposition: RequestHandler[];
  /** The number of proxies in front, or their addresses; undefined means that nobody's word is taken. */
  trustProxy: number | string[] | undefined;
  /** Where a proxy shows all of this; '' without one. */
  basePath: string;
  /** Absent in roles that only answer /health. */
  reading?: ApiParts;
}

export interface ApiParts {
  guards: Guards;
  keysNeeded: boolean;
  corsOrigins: readonly string[];
  /** Answers whoever may read: the stats, and the history. */
  stats: Router;
  hasHistory: boolean;
  /** Where people sign in, under these beginnings of a path. */
  signIn: (prefixes: readonly string[]) => Router;
  /** What everyone may see: the description of the API, not its data. */
  documents?: Router;
  /** What the whole installation does, for Prometheus. */
  fleet: () => Promise<Family[]>;
  /** The operators' pages under their address, once Redis was reachable for the first time. */
  operators: { at: string; router: () => Router | undefined };
  /** The desk's operations, for whoever may operate. */
  desk: Router;
}

/** The HTTP surface of a process, without a port: server.ts listens. */
export function makeApp({
  logger,
  health,
  metrics,
  traces,
  exposition,
  trustProxy,
  basePath,
  reading,
}: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  // What may be kept gets its ETag in send.ts; on a problem or a state of health it would be work for nothing.
  app.disable('etag');
  // Repeated parameters stay visible as arrays and nothing else is made of them: `limit[a]=1` is a name nobody knows.
  app.set('query parser', 'simple');
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
  const takeBasePath = atBasePath(basePath);
  const startLog = requestLog(logger);
  const count = countRequests(metrics);
  const trace = traces && traceRequests(traces);
  const setSecurityHeaders = securityHeaders(reading?.operators.at);
  // One layer, not three: walking to a layer costs Express as much as each of these does.
  app.use((request, response, next) => {
    takeBasePath(request, response);
    startLog(request, response);
    count(request, response);
    trace?.(request, response);
    setSecurityHeaders(request, response);
    requestLimits(request, response, next);
  });
  app.use(
    aside({
      ...of(healthRouter(health, exposition), '/health', '/queue', '/metrics/'),
      '/favicon.ico': Router().get('/favicon.ico', noIcon),
      // The address alone is what the log names, and what people type.
      ...(reading
        ? of(homeRoutes(['', VERSION], reading.keysNeeded), '/', '/home')
        : { '/': leads(withVersion('/'), '/health') }),
      ...(reading
        ? {
            ...of(pageRoutes(['', VERSION], 'audit', { at: '/desk/audit' }), '/desk/audit', '/audit'),
            '/desk': pageRoutes(['', VERSION], 'desk'),
            '/quality': pageRoutes(['', VERSION], 'quality'),
            '/analytics': pageRoutes(['', VERSION], 'analytics', {
              tell: toldOf(reading),
            }),
            ...of(deskRouter(reading), DESK, '/quality/', '/orders/'),
            [OPERATORS]: operatorsRouter(reading),
          }
        : {}),
      ...(reading
        ? of(reading.signIn(['', VERSION]), '/sign-in', '/sign-out', '/session', '/invitation')
        : {}),
    }),
  );
  if (reading) readingRoutes(app, reading);
  app.use(notFound);
  app.use(problems(logger));
  return app;
}

/** The same router for several beginnings. */
const of = (router: Router, ...paths: string[]): Record<string, Router> =>
  Object.fromEntries(paths.map((path) => [path, router]));

function healthRouter({ health, ready, live, queue }: HealthRoutes, exposition: RequestHandler[]): Router {
  const router = Router();
  const open = methodNotAllowed('GET', 'HEAD');
  router.route(withVersion('/health')).get(unstored, health).all(open);
  router.route(withVersion('/health/ready')).get(unstored, ready).all(open);
  router.route(withVersion('/health/live')).get(unstored, live).all(open);
  const queueRoute = Router();
  operationRoutes(queueRoute)(queueOperation, queue);
  router.use(queueRoute).use(VERSION, queueRoute);
  router
    .route(withVersion('/metrics/prometheus'))
    .get(unstored, ...exposition)
    .all(open);
  return router;
}

function leads(from: string | string[], to: string): Router {
  const router = Router();
  router
    .route(from)
    .get((_request, response) => response.redirect(basePathOf(response) + to))
    .all(methodNotAllowed('GET', 'HEAD'));
  return router;
}

/**
 * Routers by what their paths begin with. Nearly all requests are for the stats: they pass by all of these with one look
 * instead of one for each.
 */
function aside(routers: Record<string, Router>): RequestHandler {
  const beginnings = Object.keys(routers).map((path) =>
    path === '/' ? '/?(?=[?]|$)' : path.replaceAll('.', '[.]'),
  );
  const begins = new RegExp(`^(https?://[^/]*)?(/v1)?(${beginnings.join('|')})`, 'i');
  const router = Router().use(...new Set(Object.values(routers)));
  return (request, response, next) => (begins.test(request.url) ? router(request, response, next) : next());
}

/** All that operators reach is below this. */
const OPERATORS = '/admin';
/** Not the pages: they hold no data, and are what asks for credentials. */
const DESK = '/desk/api';

/**
 * Nothing of it is stored anywhere, refusals and the board's own script included: what operators see holds addresses.
 */
function operatorsRouter({ guards, operators }: ApiParts): Router {
  const once: RequestHandler = (request, response, next) => {
    const router = operators.router();
    if (router) return router(request, response, next);
    sendProblem(response, 503, { kind: 'redis-unavailable', detail: 'Redis was not reachable yet' });
  };
  return Router()
    .use(OPERATORS, unstored)
    .use(leads(OPERATORS, operators.at))
    .use(operators.at, asWritten(operators.at))
    .use(OPERATORS, guards.operators)
    .use(operators.at, once);
}

/** What the desk answers holds addresses too. */
const deskRouter = ({ guards, desk }: ApiParts): Router =>
  Router().use(DATA, unstored, guards.operatorsBut(onlyAsks)).use(desk).use(VERSION, desk);

/** In another case it would be found too, and the page's own script be refused: it only may run under `path`. */
function asWritten(path: string): RequestHandler {
  return (request, response, next) =>
    request.baseUrl === path ? next() : response.redirect(308, basePathOf(response) + path + request.url);
}

/** The order matters: whatever comes after `guards.reads` is closed to those who may not read, also what is not there. */
function readingRoutes(app: Express, { guards, corsOrigins, stats, documents }: ApiParts): void {
  if (corsOrigins.length > 0) app.use(cors(corsOrigins));
  if (documents) {
    const versioned = Router().use(documents).use(VERSION, documents);
    app.use(aside({ '/docs': versioned, '/openapi': versioned, '/problems': versioned }));
  }
  app.use(guards.reads);
  app.use(stats).use(VERSION, stats);
}

const HISTORY_OFF = '<meta name="history" content="off">';

/** What a page of figures from the history needs to know before it asks. */
const toldOf =
  ({ hasHistory, keysNeeded }: ApiParts) =>
  (request: Request): string | undefined => {
    if (!hasHistory) return HISTORY_OFF;
    return keysNeeded && !isSomebody(request) ? KEY_NEEDED : undefined;
  };

/** Every path exists with it and without. */
const VERSION = '/v1';
const withVersion = (path: string): string[] => [path, VERSION + path];
/** Where the desk's operations are. */
const DATA = [DESK, '/quality', '/orders/:message_id/findings'].flatMap(withVersion);

/** Browsers ask for it beside whatever they show, and tell their user of an error when it is not there. */
const noIcon: RequestHandler = (_request, response) => {
  response.setHeader('Cache-Control', 'public, max-age=86400');
  response.status(204).end();
};

const unstored: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};
