import express, { type Express, type RequestHandler, type Router } from 'express';
import helmet from 'helmet';
import type { Logger } from 'winston';
import { adminAuth } from './adminAuth.ts';
import { BOARD_PATH } from './board.ts';
import { methodNotAllowed, notFound, problems, sendProblem } from './problem.ts';
import { requestLog } from './requestLog.ts';

export interface AppParts {
  logger: Logger;
  health: RequestHandler;
  /** Absent in roles that only answer /health. */
  stats?: Router;
  /** Bull Board, once Redis was reachable for the first time. Absent like `stats`. */
  board?: () => Router | undefined;
  admin: { user: string; password: string } | undefined;
}

/** The HTTP surface of a process, without a port: server.ts listens. */
export function makeApp({ logger, health, stats, board, admin }: AppParts): Express {
  const app = express();
  app.disable('x-powered-by');
  // Repeated parameters stay visible as arrays and nothing else is made of them: `limit[a]=1` is a name nobody knows.
  app.set('query parser', 'simple');
  app.use(requestLog(logger));
  app.use(securityHeaders());
  app.route('/health').get(health).all(methodNotAllowed('GET', 'HEAD'));
  if (stats) app.use(stats);
  if (board) {
    app.use(BOARD_PATH, adminAuth(admin), (request, response, next) => {
      const router = board();
      if (router) return router(request, response, next);
      response.set('Retry-After', '1');
      sendProblem(response, 503, { kind: 'redis-unavailable', detail: 'Redis was not reachable yet' });
    });
  }
  app.use(notFound);
  app.use(problems(logger));
  return app;
}

function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      directives: {
        // Bull Board starts itself by an inline script and styles, and asks for a web font it can do without.
        scriptSrc: ["'self'", "'unsafe-inline'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        fontSrc: ["'self'", 'data:'],
        // On plain http, which is what this serves, it would turn every asset into an https request that fails.
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false,
  });
}
