import { json, type Request, type Response, Router } from 'express';
import type * as z from 'zod';
import type { Person } from '../../access/person.ts';
import { deskOperations } from '../description/deskOperations.ts';
import type { AnswerOf, Operation, SentFile } from '../description/operation.ts';
import { qualityOperations } from '../description/qualityOperations.ts';
import { fileRoute, operationRoutes } from '../stats/operationRoutes.ts';
import { parameterReader } from '../stats/readParameters.ts';
import { clientAddress, personOf, refuseBelow } from '../transport/caller.ts';
import { invalidParameters, methodNotAllowed } from '../transport/problem.ts';
import { LARGEST_BODY } from '../transport/requestLimits.ts';
import { JSON_TYPE, sendUnstored } from '../transport/send.ts';
import { sendParts } from '../transport/sendParts.ts';

const OPERATIONS = { ...deskOperations, ...qualityOperations };
type DeskOperations = typeof OPERATIONS;
type AskedOf<T> =
  T extends Operation<infer Path, infer Query, infer _, infer Body>
    ? unknown extends z.output<Body>
      ? z.output<Path> & z.output<Query>
      : z.output<Path> & z.output<Body>
    : never;

/** Who asks, and from where. */
export type Caller = Person & { address: string };

/** What answers each operation of the desk. */
export type DeskApi = {
  [Name in keyof DeskOperations]: (
    input: AskedOf<DeskOperations[Name]>,
    who: Caller,
  ) => Promise<AnswerOf<DeskOperations[Name]>>;
};

type Reader = ReturnType<typeof json>;

const LARGEST_REQUEST = 1_048_576;

const ASKING = new RegExp(
  `^(/v1)?(${Object.values(deskOperations as Record<string, Operation>)
    .filter(({ asks }) => asks)
    .map(({ path }) => path.replaceAll(/\{\w+\}/g, '[^/]+'))
    .join('|')})$`,
);

/** Whether a POST to the desk only asks: then it is for whoever may look. */
export const onlyAsks = ({ method, baseUrl, path }: Request): boolean =>
  method === 'POST' && ASKING.test(baseUrl + path);

/** The operations of the desk, for whoever may operate: a guard comes before. */
export function deskRoutes(api: DeskApi): Router {
  const router = Router();
  const [readBody, readOrder] = [LARGEST_REQUEST, LARGEST_BODY].map((limit) => json({ limit })) as [
    Reader,
    Reader,
  ];
  const route = operationRoutes(router);
  for (const [name, operation] of Object.entries(OPERATIONS) as [keyof DeskApi, Operation][]) {
    const answer = api[name] as (input: unknown, who?: Caller) => Promise<never>;
    if (operation.body !== undefined)
      postRoute(router, operation.holdsOrder ? readOrder : readBody, operation, operation.body, answer);
    else if (operation.files) fileRoute(router, operation, (input) => answer(input));
    else route(operation, (input) => answer(input));
  }
  return router;
}

function postRoute(
  router: Router,
  readBody: Reader,
  operation: Operation,
  body: z.ZodType,
  answer: (input: unknown, who: Caller) => Promise<unknown>,
): void {
  const parametersOf = parameterReader(operation.pathParameters, operation.query);
  router
    .route(operation.path.replaceAll(/\{(\w+)\}/g, ':$1'))
    .post(readBody, async (request: Request, response: Response) => {
      if (operation.role) refuseBelow(operation.role, response);
      const parameters = parametersOf(request);
      const found = body.safeParse(request.body ?? {});
      if (!found.success) throw invalidParameters(found.error.issues.map(faultOf));
      const who = { ...personOf(response), address: clientAddress(request) };
      const answered = await answer({ ...(found.data as object), ...parameters }, who);
      if (operation.files) await sendParts(request, response, answered as SentFile);
      else sendUnstored(request, response, { type: JSON_TYPE, body: JSON.stringify(answered) });
    })
    .all(methodNotAllowed('POST'));
}

const faultOf = ({ path, message, code }: z.core.$ZodIssue) => ({
  parameter: path.join('.') || 'body',
  rule: code === 'unrecognized_keys' ? ('unknown' as const) : ('format' as const),
  message,
});
