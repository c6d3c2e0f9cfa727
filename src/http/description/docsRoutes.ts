import { type ErrorRequestHandler, type Request, type RequestHandler, type Response, Router } from 'express';
import type { IdCase } from '../../orders/ids.ts';
import { pageFiles } from '../pageFiles.ts';
import { brokenEncoding, parameterReader } from '../stats/readParameters.ts';
import { basePathOf } from '../transport/basePath.ts';
import { HttpProblem, methodNotAllowed } from '../transport/problem.ts';
import { PROBLEM_KINDS, type ProblemKind } from '../transport/problemKinds.ts';
import { chooseFormat, JSON_TYPE, refuseBody, sendRevalidated } from '../transport/send.ts';
import { openapiDocument } from './openapi.ts';
import { openOperations } from './operations.ts';

/**
 * The API's document, a page to read it and try it out, and what each problem means. None of it tells anything about
 * orders, so no key is needed. The page is our own: the usual ones are megabytes of script that want inline styles,
 * and this one needs nothing but what this process serves.
 */
export function docsRoutes(idCase: IdCase): Router {
  const router = Router();
  const { openapi, problemKinds, problemKind } = openOperations;

  const get = (path: string, handler: (request: Request, response: Response) => void | Promise<void>) => {
    const checked: RequestHandler = (request, response) => {
      refuseBody(request);
      return handler(request, response);
    };
    router.route(path).get(checked).all(methodNotAllowed('GET', 'HEAD'));
  };

  const getJson = (path: string, answer: (request: Request, basePath: string) => string) => {
    get(path, (request, response) => {
      chooseFormat(request, false);
      return sendRevalidated(request, response, {
        type: JSON_TYPE,
        body: answer(request, basePathOf(response)),
      });
    });
  };

  // Made when first asked for: most processes never are.
  let document: string | undefined;
  const noParameters = parameterReader(openapi.pathParameters, openapi.query);
  getJson(openapi.path, (request, basePath) => {
    noParameters(request);
    document ??= JSON.stringify(openapiDocument(idCase, basePath));
    return document;
  });

  getJson(problemKinds.path, (request, basePath) => {
    noParameters(request);
    return JSON.stringify(Object.keys(PROBLEM_KINDS).map((kind) => explained(basePath, kind as ProblemKind)));
  });

  const kindOf = parameterReader(problemKind.pathParameters, problemKind.query);
  getJson('/problems/:kind', (request, basePath) => {
    const { kind } = kindOf(request);
    if (Object.hasOwn(PROBLEM_KINDS, kind)) return JSON.stringify(explained(basePath, kind as ProblemKind));
    throw new HttpProblem(404, { kind: 'not-found', detail: 'There is no such kind of problem' });
  });

  const page = pageFiles('docs');
  for (const path of page.paths) {
    get(path, (request, response) => {
      // The page names its parts relative to itself, so that it works under any prefix.
      if (request.path.endsWith('/')) return response.redirect(308, `..${path}`);
      return sendRevalidated(request, response, page.read(path));
    });
  }

  router.use(undecodable);
  return router;
}

/** Express decodes a path before its route runs, so the route cannot say which parameter is broken. */
const undecodable: ErrorRequestHandler = (error, _request, _response, next) => {
  next(error instanceof URIError ? brokenEncoding(['kind']) : error);
};

const explained = (basePath: string, kind: ProblemKind) => ({
  type: `${basePath}/problems/${kind}`,
  ...PROBLEM_KINDS[kind],
});
