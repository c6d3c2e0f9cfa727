import { json, type Request, type Response, Router } from 'express';
import type { Author } from '../audit/auditEntry.ts';
import { NoTrace } from '../audit/auditLog.ts';
import { basePathOf } from '../http/transport/basePath.ts';
import { clientAddress, personOf } from '../http/transport/caller.ts';
import { HttpProblem, PROBLEM_TYPE, problemJson, problemOf } from '../http/transport/problem.ts';
import { LARGEST_BODY } from '../http/transport/requestLimits.ts';
import {
  BOARD_CHANGES,
  BOARD_JOB_READS,
  BOARD_READS,
  type BoardAction,
  UNKNOWN_CHANGE,
} from './boardTable.ts';
import type { Answer, Asked } from './desk.ts';

/**
 * Stands in front of Bull Board and lets nothing through that changes something: what its page asks for is done here,
 * validated and with a trace, or refused with a sentence that its page shows.
 */
export function boardChanges(
  desk: Record<BoardAction | 'look', (who: Author, asked: Asked) => Promise<Answer>>,
  onError: (error: Error) => void,
): Router {
  const router = Router();
  // The board's own parser would take 100 kB.
  const readBody = json({ limit: LARGEST_BODY, verify: keepText });
  for (const change of BOARD_CHANGES) {
    router[change.method](change.route, readBody, async (request, response) => {
      if ('instead' in change) throw refused(change.instead);
      const { status, body } = await desk[change.does](
        authorOf(request, response),
        askedOf(request, response),
      );
      response.status(status).json(body);
    });
  }
  const jobReads = Router();
  const otherReads = BOARD_READS.filter((route) => !BOARD_JOB_READS.includes(route));
  jobReads.get(otherReads, (_request, _response, next) => next('router'));
  jobReads.get([...BOARD_JOB_READS], async (request, response, next) => {
    await desk.look(authorOf(request, response), askedOf(request, response));
    next();
  });
  router.use(jobReads);
  router.use((request, _response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw refused(UNKNOWN_CHANGE);
    next();
  });
  router.use((error: unknown, _request: Request, response: Response, next: (error: unknown) => void) => {
    if (response.headersSent) return next(error);
    const { status, details } = error instanceof NoTrace ? UNTRACED : problemOf(error);
    if (status >= 500) onError(error as Error);
    response.set('Cache-Control', 'no-store');
    if (status === 503) response.set('Retry-After', '1');
    // Beside the problem, what the board's page shows: a headline and a sentence.
    const shown = { error: HEADLINES[status] ?? 'It did not work', message: details.detail };
    response.status(status).type(PROBLEM_TYPE);
    const problem = { ...details, members: { ...details.members, ...shown } };
    response.send(problemJson(status, problem, basePathOf(response)));
  });
  return router;
}

const HEADLINES: Record<number, string> = {
  400: 'Not saved',
  403: 'Not done here',
  404: 'Not found',
  409: 'Not possible now',
  413: 'Too large',
};

function authorOf(request: Request, response: Response): Author {
  return { ...personOf(response), address: clientAddress(request) };
}

/** Parsed, a long number has lost digits already. */
function keepText(_request: unknown, response: unknown, body: Buffer, encoding: string): void {
  if (!/^utf-?8$/i.test(encoding)) {
    throw new HttpProblem(415, { kind: 'unsupported-media-type', detail: 'Only JSON in UTF-8 is read here' });
  }
  (response as Response).locals.text = new TextDecoder().decode(body);
}

function askedOf({ params, body }: Request, { locals }: Response): Asked {
  const text = (name: string) => (typeof params[name] === 'string' ? { [name]: params[name] } : {});
  return {
    ...text('queueName'),
    ...text('queueStatus'),
    ...text('jobId'),
    body,
    ...(typeof locals.text === 'string' ? { text: locals.text } : {}),
  };
}

const refused = (instead: string) => new HttpProblem(403, { kind: 'forbidden', detail: instead });

const UNTRACED = new HttpProblem(503, {
  kind: 'redis-unavailable',
  detail:
    'Nothing was changed, because Redis does not take what is written down about it first. Try again soon.',
});
