import express, { type Request, type Response, Router } from 'express';
import type { Logger } from 'winston';
import * as z from 'zod';
import type { Attempt, Entrance, SignedIn } from '../../access/entrance.ts';
import { passwordFault } from '../../access/passwordHash.ts';
import { pageFiles } from '../pageFiles.ts';
import { addressOf, clientAddress, setPerson } from '../transport/caller.ts';
import type { Guards } from '../transport/guards.ts';
import { HttpProblem, methodNotAllowed } from '../transport/problem.ts';
import { JSON_TYPE, refuseBody, sendRevalidated, sendUnstored } from '../transport/send.ts';
import type { Sessions } from '../transport/sessions.ts';
import { tooManyFailures, wrong } from '../transport/whoAsks.ts';

export interface SignInParts {
  entrance: Entrance;
  sessions: Sessions;
  guards: Guards;
  /** Whether the operators' pages need credentials. */
  isClosed: () => Promise<boolean>;
  /** The host of the OpenID provider people may sign in at. */
  provider: string | undefined;
  logger: Logger;
}

const text = (most: number) => z.string().max(most);
const SIGN_IN = z.union([
  z.strictObject({ name: text(256), password: text(1_024) }),
  z.strictObject({ link: text(256) }),
]);
const INVITATION = z.strictObject({ token: text(1_024), password: text(1_024) });
const SIGN_OUT = z.strictObject({ everywhere: z.boolean().optional() });

/** Where people sign in and out, for their browsers. The page at two addresses, and what it asks for. */
export function signInRoutes(prefixes: readonly string[], parts: SignInParts): Router {
  const { entrance, sessions, guards, isClosed, provider, logger } = parts;
  const router = Router();
  const at = (...paths: string[]) => prefixes.flatMap((prefix) => paths.map((path) => prefix + path));
  const page = pageFiles('sign-in');
  const readBody = express.json({ limit: '16kb' });

  const answer = async (request: Request, response: Response, attempt: Attempt, refusal: string) => {
    if (attempt.outcome === 'refused') throw tooManyFailures(response, attempt.verdict);
    if (attempt.outcome === 'wrong') {
      logger.warn('sign-in refused', { path: request.path });
      throw wrong(refusal);
    }
    await letIn(request, response, attempt.as, parts);
    response.status(204).end();
  };

  router
    .route(at('/sign-in'))
    .get((request, response) => sendPage(request, response, '/sign-in'))
    .post(guards.ownPages, readBody, async (request, response) => {
      const given = read(SIGN_IN, request.body);
      const address = addressOf(request);
      const attempt =
        'link' in given
          ? await entrance.byLink(address, given.link)
          : await entrance.byPassword(address, given.name, given.password);
      const refusal =
        'link' in given
          ? 'This link was followed before, or has expired'
          : 'The name or the password is wrong';
      await answer(request, response, attempt, refusal);
    })
    .all(methodNotAllowed('GET', 'HEAD', 'POST'));

  router
    .route(at('/invitation'))
    .get((request, response) => sendPage(request, response, '/sign-in'))
    .post(guards.ownPages, readBody, async (request, response) => {
      const { token, password } = read(INVITATION, request.body);
      const fault = passwordFault(password);
      if (fault) throw badRequest(fault);
      const attempt = await entrance.byInvitation(addressOf(request), token, password);
      await answer(request, response, attempt, 'This invitation was taken up, replaced, or has expired');
    })
    .all(methodNotAllowed('GET', 'HEAD', 'POST'));

  router
    .route(at('/sign-out'))
    // Opening it changes nothing: its button does.
    .get((request, response) => sendPage(request, response, '/sign-in'))
    .post(guards.ownPages, readBody, async (request, response) => {
      const { everywhere } = read(SIGN_OUT, request.body ?? {});
      const as = (await sessions.find(request, response))?.as;
      const standing = as && (await entrance.standing(as));
      if (everywhere && as && standing)
        await entrance.signOutEverywhere(clientAddress(request), as, standing);
      await sessions.end(request, response);
      response.status(204).end();
    })
    .all(methodNotAllowed('GET', 'HEAD', 'POST'));

  router
    .route(at('/session'))
    .get(async (request, response) => {
      refuseBody(request);
      const as = (await sessions.find(request, response))?.as;
      const person = (as && (await entrance.standing(as))) ?? null;
      const body = JSON.stringify({ person, closed: await isClosed(), provider: provider ?? null });
      sendUnstored(request, response, { type: JSON_TYPE, body });
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  for (const path of page.paths.slice(1)) {
    router
      .route(at(path))
      .get((request, response) => sendPage(request, response, path))
      .all(methodNotAllowed('GET', 'HEAD'));
  }

  async function sendPage(request: Request, response: Response, path: string): Promise<void> {
    refuseBody(request);
    // The page names its parts relative to itself.
    if (request.path.endsWith('/')) return response.redirect(308, `..${request.path.slice(0, -1)}`);
    await sendRevalidated(request, response, page.read(path));
  }
  return router;
}

/** Begins the session of somebody who has shown who they are. */
export async function letIn(
  request: Request,
  response: Response,
  as: SignedIn,
  { entrance, sessions, logger }: Pick<SignInParts, 'entrance' | 'sessions' | 'logger'>,
): Promise<void> {
  await sessions.begin(request, response, { as });
  const name = (await entrance.standing(as))?.name ?? as.id;
  setPerson(response, { kind: 'user', name });
  logger.info('signed in', { user: name, by: as.kind });
}

/** Names the field, and never what was in it. */
function read<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  throw badRequest('The body is not what is read here');
}

const badRequest = (detail: string) => new HttpProblem(400, { kind: 'bad-request', detail });
