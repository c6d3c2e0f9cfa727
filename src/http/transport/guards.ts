import type { Request, RequestHandler, Response } from 'express';
import type { RateLimiter, Verdict } from '../../access/rateLimiter.ts';
import { type AccessRole, includesRole } from '../../access/roles.ts';
import { isFromElsewhere, isOwnName } from '../../runtime/requestOrigin.ts';
import { basePathOf } from './basePath.ts';
import { addressOf, setPerson } from './caller.ts';
import { HttpProblem, problemOf } from './problem.ts';
import { SESSION_COOKIE } from './sessions.ts';
import { tooMany, type Who, type WhoAsks, wrong } from './whoAsks.ts';

export interface GuardParts {
  whoAsks: WhoAsks;
  /** Whether reading needs a key or a session. */
  keysNeeded: boolean;
  /** Whether the operators' pages need credentials. */
  isClosed: () => Promise<boolean>;
  /** Whether there is a password that a browser may be asked for. */
  hasPassword: boolean;
  /** The address or name this process listens on. */
  listensOn: string;
  /** Undefined when there is no such limit. */
  perKey: RateLimiter | undefined;
  perAddress: RateLimiter | undefined;
}

export interface Guards {
  /** The stats. */
  reads: RequestHandler;
  /** The operators' pages: looking needs the first role, changing something the second. Notes who it is. */
  operators: RequestHandler;
  /** The same, where some that are no GET only ask. */
  operatorsBut: (onlyAsks: (request: Request) => boolean) => RequestHandler;
  /** For what changes something without a role: only on behalf of our own pages and of programs, and only JSON. */
  ownPages: RequestHandler;
  /** Whether a request could read the stats; counts what is wrong as ever, refuses nothing and says nothing of it. */
  mayRead: (request: Request, response: Response) => Promise<boolean>;
  /** Whether whoever `reads` let in may go on reading, for answers that last: a key may be revoked meanwhile. */
  mayStay: (request: Request) => Promise<boolean>;
}

/**
 * Who may read and who may operate, and how often. A request with a key or a session counts against that alone, one
 * without against its address, so that services behind one address do not slow each other down.
 */
export function guards(parts: GuardParts): Guards {
  const { whoAsks, keysNeeded, isClosed, hasPassword, perKey, perAddress } = parts;

  /** Undefined when the answer was given already: browsers are led to where people sign in. */
  const authenticate = async (request: Request, response: Response, { role, of }: Needed) => {
    const who = await whoAsks(request, response, role).catch((error: unknown) => {
      if (error instanceof HttpProblem && error.status === 401) challenge(request, response, of, hasPassword);
      throw error;
    });
    if (who) return allowed(who, { role, of });
    if (wantsPage(request)) {
      leadToSignIn(request, response);
      return undefined;
    }
    challenge(request, response, of, hasPassword);
    throw wrong(of === 'stats' ? 'This needs an API key' : 'This needs somebody who is signed in, or a key');
  };

  const reads = async (request: Request, response: Response): Promise<boolean> => {
    if (!keysNeeded) {
      if (perAddress) count(response, await perAddress.take(addressOf(request)));
      return true;
    }
    const who = await authenticate(request, response, STATS);
    if (who) setPerson(response, who.person);
    if (perKey && who?.countedAs !== undefined) count(response, await perKey.take(who.countedAs));
    return who !== undefined;
  };

  const operators = async (
    request: Request,
    response: Response,
    onlyAsks: (request: Request) => boolean,
  ): Promise<boolean> => {
    refuseOtherSites(request);
    refuseForms(request);
    if (await isClosed()) {
      const who = await authenticate(
        request,
        response,
        isReading(request) || onlyAsks(request) ? LOOK : REPAIR,
      );
      if (who) setPerson(response, who.person);
      return who !== undefined;
    }
    const who = await whoAsks.bySession(request, response);
    setPerson(response, who?.person ?? { kind: 'open' });
    if (!who) refuseOtherNames(request, parts.listensOn);
    return true;
  };

  const mayRead = async (request: Request, response: Response): Promise<boolean> => {
    if (!keysNeeded) return true;
    try {
      return (await whoAsks(request, response, 'read')) !== undefined;
    } catch (error) {
      if (problemOf(error).details.kind === 'internal-error') throw error;
      response.removeHeader('Retry-After');
      return false;
    }
  };

  const mayStay = async (request: Request): Promise<boolean> => !keysNeeded || whoAsks.isStill(request);

  const ownPages = async (request: Request): Promise<boolean> => {
    refuseOtherSites(request);
    refuseForms(request);
    return true;
  };

  const operatorsBut: Guards['operatorsBut'] = (onlyAsks) =>
    handler((request, response) => operators(request, response, onlyAsks));

  return {
    reads: handler(reads),
    operators: operatorsBut(() => false),
    operatorsBut,
    ownPages: handler(ownPages),
    mayRead,
    mayStay,
  };
}

/** What is asked for: the stats, or what operators see, which holds addresses. */
interface Needed {
  role: AccessRole;
  of: 'stats' | 'operators';
}

const STATS: Needed = { role: 'read', of: 'stats' };
const LOOK: Needed = { role: 'read', of: 'operators' };
const REPAIR: Needed = { role: 'repair', of: 'operators' };

/** A key to read is for programs that draw charts: it opens the stats, and no page with addresses on it. */
function allowed(who: Who, { role, of }: Needed): Who {
  const least = who.person.kind === 'key' && of === 'operators' ? 'repair' : role;
  if (includesRole(who.role, least)) return who;
  throw forbidden(`This needs the role ${least}, and this ${who.person.kind} has ${who.role}`);
}

/** Express hands a rejection on by itself. */
function handler(guard: (request: Request, response: Response) => Promise<boolean>): RequestHandler {
  return async (request, response, next) => {
    if (await guard(request, response)) next();
  };
}

const isReading = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD';

/** Whether somebody opens this in a browser: what its scripts and programs ask for, they do not prefer as a page. */
const wantsPage = (request: Request): boolean =>
  isReading(request) && request.accepts(['application/json', 'text/html']) === 'text/html';

function leadToSignIn(request: Request, response: Response): void {
  const next = encodeURIComponent(basePathOf(response) + request.originalUrl);
  response.set('Cache-Control', 'no-store');
  response.redirect(303, `${basePathOf(response)}/sign-in?next=${next}`);
}

/**
 * A browser sends a password it knows along with whatever any page makes it send, and Lax cookies with what other hosts
 * of the same site make it send. It also says which page that was, and nothing changes on behalf of another site.
 */
function refuseOtherSites(request: Request): void {
  if (isReading(request)) return;
  // The second is what a proxy that TRUST_PROXY names was asked for.
  if (!isFromElsewhere(request.headers, request.headers.host, request.host)) return;
  throw forbidden(
    'Only pages of this address may change something here. Behind a proxy, hand on the Host header as it came, or name it in X-Forwarded-Host and the proxy in TRUST_PROXY',
  );
}

/** What a page can send elsewhere without asking first: forms and plain text. Nothing here reads either. */
function refuseForms(request: Request): void {
  const { headers } = request;
  if (isReading(request)) return;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const type = headers['content-type'];
  if (type === undefined ? !hasBody : /^application\/json\s*(?:;|$)/i.test(type)) return;
  throw new HttpProblem(415, { kind: 'unsupported-media-type', detail: 'A body is application/json here' });
}

/** What is open to whoever reaches this machine must not be open to every page its browsers show. */
function refuseOtherNames({ headers }: Request, listensOn: string): void {
  if (isOwnName(headers.host, listensOn)) return;
  throw forbidden(
    "Without credentials the operators' pages open by localhost, an IP address or HOST only: set ADMIN_USER and ADMIN_PASSWORD to open them by other names",
  );
}

function challenge(request: Request, response: Response, of: Needed['of'], hasPassword: boolean): void {
  const bearer = 'Bearer realm="order-pipeline"';
  const basic = 'Basic realm="order-pipeline", charset="UTF-8"';
  // Basic makes a browser ask its user for a password, which only the operators' pages are meant to do, and not to
  // somebody whose session has ended: there is a page for that.
  const isOver = request.headers.cookie?.includes(`${SESSION_COOKIE}=`);
  const asks = of === 'operators' && hasPassword && !isOver;
  response.set('WWW-Authenticate', asks ? [basic, bearer] : bearer);
}

/** Says on every answer what is left, and refuses when nothing is. Names as in the IETF's draft for these headers. */
function count(response: Response, verdict: Verdict): void {
  const { policy, remaining, allowed } = verdict;
  const { name, limit, windowSeconds } = policy;
  const untilFull = Math.ceil(((limit - remaining) * windowSeconds) / limit);
  response.setHeader('RateLimit-Policy', `"${name}";q=${limit};w=${windowSeconds}`);
  response.setHeader('RateLimit', `"${name}";r=${remaining};t=${untilFull}`);
  if (!allowed)
    throw tooMany(response, verdict, `More than ${limit} requests came within ${windowSeconds} seconds`);
}

const forbidden = (detail: string) => new HttpProblem(403, { kind: 'forbidden', detail });
