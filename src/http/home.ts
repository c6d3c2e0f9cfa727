import { type Request, Router } from 'express';
import { pageFiles } from './pageFiles.ts';
import { basePathOf } from './transport/basePath.ts';
import { methodNotAllowed } from './transport/problem.ts';
import { type Answer, JSON_TYPE, refuseBody, sendRevalidated } from './transport/send.ts';
import { SESSION_COOKIE } from './transport/sessions.ts';

/** Where to go on, for programs; relative, so that they hold behind a prefix nobody told us of. */
const INDEX = {
  pulse: 'pulse',
  history: 'pulse/history',
  stats: 'stats/global',
  metrics: 'metrics',
  queue: 'queue',
  health: 'health',
  openapi: 'openapi.json',
  docs: 'docs',
  desk: 'desk',
  analytics: 'analytics',
  operators: 'admin/queues',
};

/** The page at the root for whoever asks as browsers do, an index of links for everything else. It holds no data. */
export function homeRoutes(prefixes: readonly string[], keysNeeded: boolean): Router {
  const router = Router();
  const page = pageFiles('home', '/');
  for (const path of page.paths) {
    router
      .route(prefixes.map((prefix) => prefix + path))
      .get(async (request, response) => {
        refuseBody(request);
        const isIndex = path === '/' && request.accepts(['application/json', 'text/html']) !== 'text/html';
        await sendRevalidated(request, response, {
          ...(isIndex
            ? { type: JSON_TYPE, body: JSON.stringify(indexAt(basePathOf(response))) }
            : asAsked(page.read(path), basePathOf(response), keysNeeded && !isSomebody(request))),
          ...(path === '/' ? { varies: 'Accept' } : {}),
        });
      })
      .all(methodNotAllowed('GET', 'HEAD'));
  }
  return router;
}

/* Whoever asks for `/orders` without a slash behind it would look for all of this beside it, not below. */

const indexAt = (basePath: string): Record<string, string> =>
  basePath === ''
    ? INDEX
    : Object.fromEntries(Object.entries(INDEX).map(([name, path]) => [name, `${basePath}/${path}`]));

/** Whether to believe it is found out when the page asks on. It cannot see the cookie itself. */
export const isSomebody = ({ headers: { authorization, cookie = '' } }: Request): boolean =>
  authorization !== undefined || cookie.includes(`${SESSION_COOKIE}=`);

/** The page is told what it would else find out by a refusal, which browsers report as an error. */
function asAsked(answer: Answer, basePath: string, keysNeeded: boolean): Answer {
  if (!answer.type.startsWith('text/html')) return answer;
  const told = String(answer.body).replace('<title>', keysNeeded ? `${KEY_NEEDED}\n    $&` : '$&');
  const body = basePath === '' ? told : told.replaceAll(/ (href|src)="(?!data:)/g, ` $1="${basePath}/`);
  return { ...answer, body };
}

export const KEY_NEEDED = '<meta name="api-key" content="needed">';
