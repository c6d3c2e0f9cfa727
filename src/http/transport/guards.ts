import type { Request, RequestHandler, Response } from 'express';
import type { KeyRole } from '../../access/apiKey.ts';
import type { KeyRing } from '../../access/keyRing.ts';
import { countedComparison } from '../../access/passwords.ts';
import type { RateLimiter, Verdict } from '../../access/rateLimiter.ts';
import { isFromElsewhere, isOwnName } from '../../runtime/requestOrigin.ts';
import { type AdminLogin, addressOf, adminCheck, presentedBy, setPerson } from './caller.ts';
import { HttpProblem } from './problem.ts';

export interface GuardParts {
  keys: KeyRing;
  /** Whether reading needs a key. If not, and there is no admin either, everything is open. */
  keysNeeded: boolean;
  admin: AdminLogin | undefined;
  /** The address or name this process listens on. */
  listensOn: string;
  /** Undefined when there is no such limit. */
  perKey: RateLimiter | undefined;
  perAddress: RateLimiter | undefined;
  /** Wrong credentials of one address. */
  failures: RateLimiter;
}

export interface Guards {
  reads: RequestHandler;
  admin: RequestHandler;
  /** Whether a request could read the stats; counts what is wrong as ever, refuses nothing and says nothing of it. */
  mayRead: (request: Request, response: Response) => Promise<boolean>;
  /** Whether whoever `reads` let in may go on reading, for answers that last: a key may be revoked meanwhile. */
  mayStay: (request: Request) => Promise<boolean>;
}

/**
 * Who may read and who may operate, and how often. A request with a key counts against that key alone, one without
 * against its address, so that services behind one address do not slow each other down. Wrong credentials count
 * against the address; once that has used up its failures, its credentials are not even looked at, except keys that
 * this process already knows.
 */
export function guards(parts: GuardParts): Guards {
  const { keys, keysNeeded, admin, perKey, perAddress, failures } = parts;
  const comparePassword = countedComparison(adminCheck(admin), failures);

  /** Resolves to the id of the key, undefined for the admin's password; throws the refusal. */
  const authenticate = async (
    request: Request,
    response: Response,
    role: KeyRole,
  ): Promise<string | undefined> => {
    const presented = presentedBy(request);
    if (presented.kind === 'nothing') {
      challenge(response, role, admin !== undefined);
      throw unauthorized(role === 'read' ? 'This needs an API key' : 'This needs an admin');
    }
    if (presented.kind === 'password') {
      const compared = await comparePassword(addressOf(request), presented.text);
      if ('refused' in compared) throw tooManyFailures(response, compared.refused);
      if (!compared.right) throw wrong(response, role, 'The user or the password is wrong');
      return undefined;
    }
    const { key } = presented;
    if (!keys.remembers(key)) refuseAfterFailures(request, response);
    const checked = await keys.check(key, role);
    if (checked.outcome === 'unavailable') throw cannotTell();
    if (checked.outcome === 'refused') return fail(request, response, role, REFUSALS[checked.why]);
    response.locals.apiKeyId = checked.id;
    if (role === 'admin' && checked.role !== 'admin') throw forbidden('This needs a key of role admin');
    return checked.id;
  };

  const refuseAfterFailures = (request: Request, response: Response) => {
    const verdict = failures.refuses(addressOf(request));
    if (verdict) throw tooManyFailures(response, verdict);
  };

  /** A wrong key may be counted after it was looked at: however many are tried at once, nobody guesses one. */
  const fail = async (
    request: Request,
    response: Response,
    role: KeyRole,
    detail: string,
  ): Promise<never> => {
    const verdict = await failures.take(addressOf(request));
    throw verdict.allowed ? wrong(response, role, detail) : tooManyFailures(response, verdict);
  };

  const wrong = (response: Response, role: KeyRole, detail: string): HttpProblem => {
    challenge(response, role, admin !== undefined);
    return unauthorized(detail);
  };

  const reads = async (request: Request, response: Response): Promise<void> => {
    if (!keysNeeded) {
      if (perAddress) count(response, await perAddress.take(addressOf(request)));
      return;
    }
    const id = await authenticate(request, response, 'read');
    if (perKey && id !== undefined) count(response, await perKey.take(id));
  };

  const operators = async (request: Request, response: Response): Promise<void> => {
    refuseOtherSites(request);
    refuseForms(request);
    if (!admin && !keysNeeded) {
      setPerson(response, { kind: 'open' });
      return refuseOtherNames(request, parts.listensOn);
    }
    const id = await authenticate(request, response, 'admin');
    if (id !== undefined) setPerson(response, { kind: 'key', name: id });
    // Without a key it was the password, and there is one user who has it.
    else if (admin) setPerson(response, { kind: 'user', name: admin.user });
  };

  const mayRead = async (request: Request, response: Response): Promise<boolean> => {
    if (!keysNeeded) return true;
    try {
      await authenticate(request, response, 'read');
      return true;
    } catch (error) {
      if (!(error instanceof HttpProblem)) throw error;
      for (const name of ['WWW-Authenticate', 'Retry-After']) response.removeHeader(name);
      return false;
    }
  };

  const mayStay = async (request: Request): Promise<boolean> => {
    const presented = presentedBy(request);
    if (!keysNeeded || presented.kind !== 'key') return true;
    return (await keys.check(presented.key, 'read')).outcome !== 'refused';
  };

  return { reads: handler(reads), admin: handler(operators), mayRead, mayStay };
}

/** Express hands a rejection on by itself. */
function handler(guard: (request: Request, response: Response) => Promise<void>): RequestHandler {
  return async (request, response, next) => {
    await guard(request, response);
    next();
  };
}

const REFUSALS = {
  malformed: 'This is not an API key',
  unknown: 'There is no such API key',
  revoked: 'This API key was revoked',
  expired: 'This API key has expired',
};

/**
 * A browser sends a password it knows along with whatever any page makes it send. It also says which page that was,
 * and nothing changes on behalf of another site.
 */
function refuseOtherSites(request: Request): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  // The second is what a proxy that TRUST_PROXY names was asked for.
  if (!isFromElsewhere(request.headers, request.headers.host, request.host)) return;
  throw forbidden(
    'Only pages of this address may change something here. Behind a proxy, hand on the Host header as it came, or name it in X-Forwarded-Host and the proxy in TRUST_PROXY',
  );
}

/** What a page can send elsewhere without asking first: forms and plain text. Nothing here reads either. */
function refuseForms({ method, headers }: Request): void {
  if (method === 'GET' || method === 'HEAD') return;
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

function challenge(response: Response, role: KeyRole, hasPassword: boolean): void {
  const bearer = 'Bearer realm="order-pipeline"';
  const basic = 'Basic realm="order-pipeline", charset="UTF-8"';
  // Basic makes a browser ask its user for a password, which only the operators' pages are meant to do.
  response.set('WWW-Authenticate', role === 'admin' && hasPassword ? [basic, bearer] : bearer);
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

function tooMany(response: Response, { retryAfterSeconds }: Verdict, detail: string): HttpProblem {
  response.set('Retry-After', String(retryAfterSeconds));
  return new HttpProblem(429, { kind: 'too-many-requests', detail });
}

const tooManyFailures = (response: Response, verdict: Verdict) =>
  tooMany(response, verdict, 'Too many wrong credentials came from this address');
const unauthorized = (detail: string) => new HttpProblem(401, { kind: 'unauthorized', detail });
const forbidden = (detail: string) => new HttpProblem(403, { kind: 'forbidden', detail });
const cannotTell = () =>
  new HttpProblem(503, {
    kind: 'redis-unavailable',
    detail: 'Redis does not answer, so nobody can say whether this key is good; try again soon',
  });
