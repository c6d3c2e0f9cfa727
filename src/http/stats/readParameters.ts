import querystring from 'node:querystring';
import type { Request } from 'express';
import type * as z from 'zod';
import {
  type HttpProblem,
  invalidParameters,
  type ParameterError,
  type ParameterRule,
} from '../transport/problem.ts';

/** Reads the parameters of one operation out of a request, or throws a problem that names every wrong one. */
export type ReadParameters<T> = (request: Request) => T;

/**
 * What the path and the query give, as the schemas want it. A parameter nobody knows is refused too: `limt=3` would
 * otherwise be a silent 5.
 */
export function parameterReader<Path extends z.ZodObject, Query extends z.ZodType>(
  path: Path,
  query: Query,
): ReadParameters<z.output<Path> & z.output<Query>> {
  const hasPath = Object.keys(path.shape).length > 0;
  // Most requests have no query: what that means is the same each time.
  const withoutQuery = query.safeParse({});

  return (request) => {
    const at = request.url.indexOf('?');
    const raw = at === -1 ? '' : request.url.slice(at + 1);
    const given = raw === '' ? {} : parseQuery(raw);
    const fromQuery = raw === '' ? withoutQuery : query.safeParse(given);
    const fromPath = hasPath ? path.safeParse(request.params) : undefined;
    if (fromQuery.success && fromPath?.success !== false) {
      return { ...fromPath?.data, ...(fromQuery.data as object) } as z.output<Path> & z.output<Query>;
    }
    throw invalidParameters([
      ...(fromPath?.error ? errorsOf(fromPath.error, request.params) : []),
      ...(fromQuery.error ? errorsOf(fromQuery.error, given) : []),
    ]);
  };
}

/** A repeated parameter is an array. `limit[a]=1` is a name nobody knows, nothing is made of it. */
function parseQuery(raw: string): Record<string, unknown> {
  if (raw.includes('%')) refuseBrokenEncoding(raw);
  return querystring.parse(raw);
}

/** Taken as it stands, or with U+FFFD in place of what is no UTF-8, it would ask for something nobody meant. */
function refuseBrokenEncoding(raw: string): void {
  if (isDecodable(raw)) return;
  const broken = raw.split('&').filter((pair) => !isDecodable(pair));
  throw brokenEncoding(broken.map((pair) => querystring.unescape(pair.split('=', 1)[0] ?? '')));
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

export function brokenEncoding(parameters: readonly string[]): HttpProblem {
  return invalidParameters(
    parameters.map((parameter) => ({
      parameter: clip(parameter),
      rule: 'encoding',
      message: 'holds a broken percent-encoding',
    })),
  );
}

function errorsOf(error: z.ZodError, given: Record<string, unknown>): ParameterError[] {
  return error.issues.flatMap((issue): ParameterError[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        parameter: clip(key),
        rule: 'unknown',
        message: 'is not a parameter here',
        received: clip(String(given[key])),
      }));
    }
    const parameter = String(issue.path[0]);
    const received = given[parameter];
    return [
      {
        parameter,
        rule: ruleOf(issue, received),
        message: issue.message,
        ...(received === undefined ? {} : { received: clip(String(received)) }),
      },
    ];
  });
}

function ruleOf(issue: z.core.$ZodIssue, received: unknown): ParameterRule {
  if (issue.code === 'custom') return issue.params?.rule as ParameterRule;
  if (received === undefined) return 'required';
  if (Array.isArray(received)) return 'repeated';
  return issue.code === 'too_big' || issue.code === 'too_small' ? 'range' : 'format';
}

const clip = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
