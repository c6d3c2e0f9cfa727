import { Router } from 'express';
import { pageFiles } from './pageFiles.ts';
import { basePathOf } from './transport/basePath.ts';
import { methodNotAllowed } from './transport/problem.ts';
import { type Answer, JSON_TYPE, refuseBody, sendRevalidated } from './transport/send.ts';

/** Where to go on, for programs; relative, so that they hold behind any prefix. */
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
  operators: 'admin/queues',
};

/** The page at the root for whoever asks as browsers do, an index of links for everything else. It holds no data. */
export function homeRoutes(prefixes: readonly string[]): Router {
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
            ? { type: JSON_TYPE, body: JSON.stringify(INDEX) }
            : at(basePathOf(response), page.read(path))),
          ...(path === '/' ? { varies: 'Accept' } : {}),
        });
      })
      .all(methodNotAllowed('GET', 'HEAD'));
  }
  return router;
}

/** Whoever asks for `/orders` without a slash behind it would look for the page's parts beside it, not below. */
function at(basePath: string, answer: Answer): Answer {
  if (basePath === '' || !answer.type.startsWith('text/html')) return answer;
  return { ...answer, body: String(answer.body).replaceAll('"home/', `"${basePath}/home/`) };
}
