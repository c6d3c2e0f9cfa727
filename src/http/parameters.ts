import type { Request } from 'express';
import * as z from 'zod';
import { type IdCase, type IdFault, idFault, MAX_ID_LENGTH, normaliseId } from '../orders/ids.ts';
import { isCalendarDay } from '../orders/timestamp.ts';
import { invalidParameters } from './problem.ts';

const MAX_LIMIT = 1_000;

export const limitQuery = z.strictObject({
  limit: z
    .string('must be given once')
    .regex(/^[0-9]{1,4}$/, `must be a whole number from 1 to ${MAX_LIMIT}`)
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_LIMIT, `must be a whole number from 1 to ${MAX_LIMIT}`)
    .default(5),
});

const day = z
  .string({ error: ({ input }) => (input === undefined ? 'is required' : 'must be given once') })
  .refine(isCalendarDay, 'must be a date that exists, as YYYY-MM-DD');

export const rangeQuery = z
  .strictObject({ start_date: day, end_date: day })
  .refine(({ start_date, end_date }) => start_date <= end_date, {
    path: ['start_date'],
    message: 'must not be after end_date',
  });

export const noQuery = z.strictObject({});

/**
 * The query as the schema wants it, or an answer that names every parameter that is wrong. A parameter nobody
 * knows is refused too: `limt=3` would otherwise be a silent 5.
 */
export function parseQuery<T extends z.ZodType>(schema: T, request: Request): z.output<T> {
  const query = request.query as Record<string, unknown>;
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw invalidParameters(
    parsed.error.issues.flatMap((issue) => {
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => ({ parameter: clip(key), message: 'is not a parameter here' }));
      }
      const parameter = String(issue.path[0]);
      const received = query[parameter];
      return [
        {
          parameter,
          message: issue.message,
          ...(received === undefined ? {} : { received: clip(String(received)) }),
        },
      ];
    }),
  );
}

const ID_FAULTS: Record<IdFault, string> = {
  blank: 'must not be empty',
  too_long: `must be at most ${MAX_ID_LENGTH} characters`,
  forbidden_character: 'must not contain control characters',
};

/** The user id of the path, spelled as it is counted. */
export function userIdParameter(request: Request, idCase: IdCase): string {
  const userId = normaliseId(String(request.params.user_id ?? ''), idCase);
  const fault = idFault(userId);
  if (fault) {
    throw invalidParameters([{ parameter: 'user_id', message: ID_FAULTS[fault], received: clip(userId) }]);
  }
  return userId;
}

const clip = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}…` : text);
