import { type Request, Router } from 'express';
import { pageFiles } from './pageFiles.ts';
import { methodNotAllowed } from './transport/problem.ts';
import { type Answer, refuseBody, sendRevalidated } from './transport/send.ts';

/**
 * The page `name` of src/web/, at `at`. It holds no data: what it shows it asks for, and that is where those who may not are
 * refused. `tell`: an element for its head, for what it would else find out by a refusal, which browsers report as an error.
 */
export function pageRoutes(
  prefixes: readonly string[],
  name: string,
  {
    at = `/${name}`,
    tell = () => undefined,
  }: { at?: string; tell?: (request: Request) => string | undefined } = {},
): Router {
  const router = Router();
  const page = pageFiles(name, at);
  for (const path of page.paths) {
    router
      .route(prefixes.map((prefix) => prefix + path))
      .get(async (request, response) => {
        refuseBody(request);
        // The page names its parts relative to itself, so that it works under any prefix.
        if (request.path.endsWith('/')) return response.redirect(308, `../${path.split('/').at(-1)}`);
        await sendRevalidated(request, response, telling(page.read(path), tell(request)));
      })
      .all(methodNotAllowed('GET', 'HEAD'));
  }
  return router;
}

const telling = (answer: Answer, tell: string | undefined): Answer =>
  tell !== undefined && answer.type.startsWith('text/html')
    ? { ...answer, body: String(answer.body).replace('<title>', `${tell}\n    $&`) }
    : answer;
