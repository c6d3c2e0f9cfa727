import type { Request, Response, Router } from 'express';
import { toCsv } from '../../runtime/csv.ts';
import type { AnswerOf, InputOf, Operation, SentFile } from '../description/operation.ts';
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
import { sendParts } from '../transport/sendParts.ts';
import { parameterReader } from './readParameters.ts';

/**
 * Adds the route of an operation to `router`: what `read` returns is sent as the operation says, with the headers that
 * `setHeaders` adds to it.
 */
export function operationRoutes(router: Router, setHeaders: (response: Response) => void = () => {}) {
  return <T extends Operation>(
    operation: T,
    read: (input: InputOf<T>, left: () => AbortSignal) => Promise<AnswerOf<T>>,
  ): void => {
    const parametersOf = parameterReader(operation.pathParameters, operation.query);
    const { csv, momentary } = operation;
    const handler = async (request: Request, response: Response) => {
      refuseBody(request);
      const input = parametersOf(request) as InputOf<T> & Asked;
      const format = input.format ?? chooseFormat(request, csv !== undefined);
      const answer = await read(input, () => whenLeft(response));
      setHeaders(response);
      const next = operation.next?.(answer);
      const sent = {
        ...(csv && format === 'csv'
          ? {
              type: CSV_TYPE,
              body: toCsv(csv.columns, csv.rows(answer)),
              fileName: fileName(operation.path, input),
            }
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

/** The same for an operation whose answer is a file. */
export function fileRoute<T extends Operation>(
  router: Router,
  operation: T,
  answer: (input: InputOf<T>, left: () => AbortSignal) => Promise<SentFile>,
): void {
  const parametersOf = parameterReader(operation.pathParameters, operation.query);
  router
    .route(operation.path)
    .get(async (request: Request, response: Response) => {
      refuseBody(request);
      const input = parametersOf(request) as InputOf<T>;
      await sendParts(request, response, await answer(input, () => whenLeft(response)));
    })
    .all(methodNotAllowed('GET', 'HEAD'));
}

/** Aborted when the client is gone before it has its answer. */
function whenLeft(response: Response): AbortSignal {
  const controller = new AbortController();
  if (response.destroyed) controller.abort();
  else
    response.once('close', () => {
      if (!response.writableFinished) controller.abort();
    });
  return controller.signal;
}

/** What some operations are asked for. */
interface Asked {
  format?: 'json' | 'csv' | undefined;
  start_date?: string | undefined;
  end_date?: string | undefined;
}

/** `top-spenders-2026-01-01-2026-01-31.csv`: what is in it can still be told when it lies in a folder of downloads. */
const fileName = (path: string, { start_date, end_date }: Asked): string =>
  `${[path.split('/').at(-1), start_date, end_date].filter(Boolean).join('-')}.csv`;

/** The path of the same list further on, as the client wrote it. */
function withCursor({ originalUrl }: Request, cursor: string): string {
  const [path = '', query] = originalUrl.split('?');
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters}`;
}
