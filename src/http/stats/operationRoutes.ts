import type { Request, Response, Router } from 'express';
import type { AnswerOf, InputOf, Operation } from '../description/operation.ts';
import { basePathOf } from '../transport/basePath.ts';
import { methodNotAllowed } from '../transport/problem.ts';
import {
  CSV_TYPE,
  chooseFormat,
  JSON_TYPE,
  refuseBody,
  sendRevalidated,
  sendUnstored,
} from '../transport/send.ts';
import { toCsv } from './csv.ts';
import { parameterReader } from './readParameters.ts';

/** Adds the route of an operation to `router`: what `read` returns is sent as the operation says. */
export function operationRoutes(router: Router) {
  return <T extends Operation>(operation: T, read: (input: InputOf<T>) => Promise<AnswerOf<T>>): void => {
    const parametersOf = parameterReader(operation.pathParameters, operation.query);
    const { csv, momentary } = operation;
    const handler = async (request: Request, response: Response) => {
      refuseBody(request);
      const format = chooseFormat(request, csv !== undefined);
      const answer = await read(parametersOf(request) as InputOf<T>);
      const next = operation.next?.(answer);
      const sent = {
        ...(csv && format === 'csv'
          ? { type: CSV_TYPE, body: toCsv(csv.columns, csv.rows(answer)) }
          : { type: JSON_TYPE, body: JSON.stringify(answer) }),
        ...(csv ? { varies: 'Accept' as const } : {}),
        ...(next ? { next: basePathOf(response) + withCursor(request, next) } : {}),
      };
      if (momentary) sendUnstored(request, response, sent);
      else await sendRevalidated(request, response, sent);
    };
    router
      .route(operation.path.replaceAll(/\{(\w+)\}/g, ':$1'))
      .get(handler)
      .all(methodNotAllowed('GET', 'HEAD'));
  };
}

/** The path of the same list further on, as the client wrote it. */
function withCursor({ originalUrl }: Request, cursor: string): string {
  const [path = '', query] = originalUrl.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters}`;
}
