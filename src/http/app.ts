import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from 'winston';
import { BOARD_PATH } from './board.ts';
import { cors } from './cors.ts';
import type { Guards } from './guards.ts';
import type { HealthRoutes } from './health.ts';
import { methodNotAllowed, notFound, problems, sendProblem } from './problem.ts';
import { requestLimits } from './requestLimits.ts';
import { requestLog } from './requestLog.ts';
import { securityHeaders } from './securityHeaders.ts';

export interface AppParts {
  logger: Logger;
  health: HealthRoutes;
  /** The number of proxies in front, or their addresses; undefined means that nobody's word is taken. */
  trustProxy: number | string[] | undefined;
  /** Absent in roles that only answer /health. */
  reading?: ReadingParts;
}

export interface ReadingParts {
  guards: Guards;
  corsOrigins: readonly string[];
  stats: Router;
  /** What everyone may see: the description of the API, not its data. */
  documents?: Router;
  /** Bull Board, once Redis was reachable for the first time. */
  board: () => Router | undefined;
}

/** The HTTP surface of a process, without a port: server.ts listens. */
export function makeApp({ logger, health, trustProxy, reading }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  // What may be kept gets its ETag in send.ts; on a problem or a state of health it would be work for nothing.
  app.disable('etag');
  // Repeated parameters stay visible as arrays and nothing else is made of them: `limit[a]=1` is a name nobody knows.
  app.set('query parser', 'simple');
  if (trustProxy !== undefined) app.set('trust proxy', trustProxy);
  app.use(requestLog(logger));
  app.use(securityHeaders(BOARD_PATH));
  app.use(requestLimits);
  const open = methodNotAllowed('GET', 'HEAD');
  app.route(withVersion('/health')).get(unstored, health.health).all(open);
  app.route(withVersion('/health/ready')).get(unstored, health.ready).all(open);
  app.route(withVersion('/health/live')).get(unstored, health.live).all(open);
  if (reading) readingRoutes(app, reading);
  app.use(notFound);
  app.use(problems(logger));
  return app;
}

/** The order matters: whatever comes after `guards.reads` is closed to those who may not read, also what is not there. */
function readingRoutes(app: Express, { guards, corsOrigins, stats, documents, board }: ReadingParts): void {
  app.use(BOARD_PATH, guards.admin, (request, response, next) => {
    const router = board();
    if (router) return router(request, response, next);
    sendProblem(response, 503, { kind: 'redis-unavailable', detail: 'Redis was not reachable yet' });
  });
  if (corsOrigins.length > 0) app.use(cors(corsOrigins));
  if (documents) app.use(documents).use(VERSION, documents);
  app.use(guards.reads);
  app.use(stats).use(VERSION, stats);
}

/** Every path exists with it and without. */
const VERSION = '/v1';
const withVersion = (path: string): string[] => [path, VERSION + path];

const unstored: RequestHandler = (_request, response, next) => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};
