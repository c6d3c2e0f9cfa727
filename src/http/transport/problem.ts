import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from 'winston';
import { TooManyPasswords } from '../../access/passwordHash.ts';
import { isAway, isFull } from '../../store/redisFaults.ts';
import { basePathOf } from './basePath.ts';
import type { ProblemKind } from './problemKinds.ts';

/** The rule a parameter broke: stable names, for programs. `message` says the same to people. */
export const PARAMETER_RULES = [
  'required',
  'unknown',
  'repeated',
  'format',
  'range',
  'length',
  'characters',
  'encoding',
  'cursor',
] as const;
export type ParameterRule = (typeof PARAMETER_RULES)[number];

/** What went wrong with one parameter. */
export interface ParameterError {
  parameter: string;
  rule: ParameterRule;
  message: string;
  /** The value that came, clipped. */
  received?: string;
}

export interface ProblemDetails {
  /** Stable name of the kind of problem, for programs. */
  kind: ProblemKind;
  detail: string;
  errors?: readonly ParameterError[];
  /** Further members of the problem, as RFC 9457 allows them. */
  members?: Record<string, unknown>;
}

/** An answer other than success, thrown by a route. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(status: number, details: ProblemDetails) {
    super(details.detail);
    this.status = status;
    this.details = details;
  }
}

export function invalidParameters(errors: readonly ParameterError[]): HttpProblem {
  const detail = errors.map(({ parameter, message }) => `${parameter} ${message}`).join('; ');
  return new HttpProblem(400, { kind: 'invalid-parameter', detail, errors });
}

/** RFC 9457. `parameter` repeats the first offender, for clients that want just one. */
export function sendProblem(response: Response, status: number, details: ProblemDetails): void {
  response.set('Cache-Control', 'no-store');
  if (status === 503) response.set('Retry-After', '1');
  response
    .status(status)
    .type(PROBLEM_TYPE)
    .send(problemJson(status, details, basePathOf(response)));
}

export const PROBLEM_TYPE = 'application/problem+json';

export function problemJson(
  status: number,
  { kind, detail, errors, members }: ProblemDetails,
  basePath: string,
): string {
  return JSON.stringify({
    type: `${basePath}/problems/${kind}`,
    title: STATUS_CODES[status],
    status,
    detail,
    ...(errors?.[0] ? { parameter: errors[0].parameter, errors } : {}),
    ...members,
  });
}

export const notFound: RequestHandler = (request, response) => {
  sendProblem(response, 404, { kind: 'not-found', detail: `There is nothing at ${request.path}` });
};

/** For a path that exists, after its own methods. */
export function methodNotAllowed(...allowed: string[]): RequestHandler {
  return (request, response) => {
    response.set('Allow', allowed.join(', '));
    sendProblem(response, 405, {
      kind: 'method-not-allowed',
      detail: `${request.method} is not possible on ${request.path}, only ${allowed.join(', ')}`,
    });
  };
}

/** Turns whatever a route threw into a problem. Nothing of the error itself leaves the process, but the log has it. */
export function problems(logger: Logger): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (response.headersSent) return next(error);
    const { status, details } = problemOf(error);
    if (details.kind === 'internal-error') {
      logger.error('request failed', {
        method: request.method,
        path: request.path,
        error: (error as Error).message,
      });
    }
    sendProblem(response, status, details);
  };
}

/** What is answered to whatever a route threw. `internal-error` is for the log of whoever answers it. */
export function problemOf(error: unknown): { status: number; details: ProblemDetails } {
  if (error instanceof HttpProblem) return error;
  const status = clientErrorStatus(error);
  if (status !== undefined) {
    const kind = status === 413 ? 'content-too-large' : 'bad-request';
    return { status, details: { kind, detail: badRequestDetail(error) } };
  }
  if (error instanceof TooManyPasswords) return { status: 503, details: CROWDED };
  if (isFull(error)) return { status: 503, details: FULL };
  return isAway(error)
    ? { status: 503, details: { kind: 'redis-unavailable', detail: 'Redis does not answer, try again soon' } }
    : {
        status: 500,
        details: { kind: 'internal-error', detail: 'Something went wrong here, and it was logged' },
      };
}

const FULL: ProblemDetails = {
  kind: 'redis-unavailable',
  detail: 'Redis is out of memory and takes nothing new: make room there, then try again',
};

const CROWDED: ProblemDetails = {
  kind: 'overloaded',
  detail: 'Many people sign in at this moment; try again soon',
};

/** Express and its body parser mark what the client got wrong with a 4xx status. */
function clientErrorStatus(error: unknown): number | undefined {
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function badRequestDetail(error: unknown): string {
  return error instanceof URIError
    ? 'The path holds a broken percent-encoding'
    : `The request cannot be read: ${(error as Error).message}`;
}
