import { type Request, type Response, Router } from 'express';
import { basePathOf } from '../transport/basePath.ts';
import { addressOf } from '../transport/caller.ts';
import { methodNotAllowed } from '../transport/problem.ts';
import { tooManyFailures } from '../transport/whoAsks.ts';
import type { Provider } from './provider.ts';
import { letIn, type SignInParts } from './signInRoutes.ts';

export type ProviderParts = Pick<SignInParts, 'entrance' | 'sessions' | 'logger'> & {
  provider: Provider;
  issuer: string;
};

const CALLBACK = '/sign-in/callback';

/**
 * To the OpenID provider and back. Browsers are led from one to the other: what goes wrong there the sign-in page says, and
 * a Redis that keeps no session is no fault of the provider.
 */
export function providerRoutes(parts: ProviderParts): Router {
  const { entrance, sessions, logger, provider, issuer } = parts;
  const router = Router();

  const refuse = (
    request: Request,
    response: Response,
    why: 'role' | 'provider',
    error: unknown,
  ): undefined => {
    logger.warn('sign-in refused', { path: request.path, provider: issuer, error: (error as Error).message });
    response.redirect(303, `${basePathOf(response)}/sign-in?refused=${why}`);
  };

  router
    .route('/sign-in/provider')
    .get(async (request, response) => {
      response.set('Cache-Control', 'no-store');
      const refused = await entrance.refusal(addressOf(request));
      if (refused) throw tooManyFailures(response, refused.verdict);
      const next = ownPath(request.query.next) ?? `${basePathOf(response)}/`;
      const left = await provider
        .leave(ownAddress(request, response))
        .catch((error: unknown) => refuse(request, response, 'provider', error));
      if (!left) return;
      await sessions.note(request, response, { asking: { ...left.asking, next } });
      response.redirect(303, left.to.href);
    })
    .all(methodNotAllowed('GET', 'HEAD'));

  router
    .route(CALLBACK)
    .get(async (request, response) => {
      response.set('Cache-Control', 'no-store');
      const asking = (await sessions.find(request, response))?.asking;
      if (!asking) return refuse(request, response, 'provider', new Error('nobody was on the way there'));
      const at = ownAddress(request, response);
      at.search = new URL(request.originalUrl, at).search;
      const account = await provider
        .comeBack(at, asking)
        .catch((error: unknown) => refuse(request, response, 'provider', error));
      if (!account) return;
      const as = await entrance.byProvider(account.subject, account, issuer);
      if (!as) return refuse(request, response, 'role', new Error('the account has no role'));
      await letIn(request, response, as, parts);
      response.redirect(303, asking.next);
    })
    .all(methodNotAllowed('GET', 'HEAD'));
  return router;
}

/** As the browser came here; the provider sends nobody to an address that was not registered there. */
const ownAddress = (request: Request, response: Response): URL =>
  new URL(`${request.protocol}://${request.host}${basePathOf(response)}${CALLBACK}`);

/** A path of this site, and of no other. */
const ownPath = (next: unknown): string | undefined =>
  typeof next === 'string' && /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(next) ? next : undefined;
