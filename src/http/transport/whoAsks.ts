import type { Request, Response } from 'express';
import { type AdminLogin, adminCheck } from '../../access/adminLogin.ts';
import type { Entrance } from '../../access/entrance.ts';
import type { KeyRing } from '../../access/keyRing.ts';
import { countedComparison } from '../../access/passwords.ts';
import type { Person } from '../../access/person.ts';
import type { RateLimiter, Verdict } from '../../access/rateLimiter.ts';
import type { AccessRole } from '../../access/roles.ts';
import { addressOf, presentedBy } from './caller.ts';
import { HttpProblem } from './problem.ts';
import type { Sessions } from './sessions.ts';

/** Who makes a request, by what it shows, and what they may. */
export interface Who {
  person: Person;
  role: AccessRole;
  /** What its requests are counted against; undefined for the admin's password, which has no limit. */
  countedAs?: string;
}

export interface WhoAsksParts {
  keys: KeyRing;
  admin: AdminLogin | undefined;
  entrance: Entrance;
  sessions: Sessions;
  /** Wrong credentials of one address. */
  failures: RateLimiter;
}

export interface WhoAsks {
  /**
   * Undefined when a request shows nothing, or the cookie of a session that is over.
   *
   * @throws HttpProblem for what is wrong, or when nobody can say
   */
  (request: Request, response: Response, wanted: AccessRole): Promise<Who | undefined>;
  bySession(request: Request, response: Response): Promise<Who | undefined>;
  /** The same question once more, of a request whose answer lasts: what was taken away meanwhile is gone. */
  anew(request: Request, response: Response, wanted: AccessRole): Promise<Who | undefined>;
}

/**
 * A key that was shown on purpose goes first. Then the session: a browser that once was told a password goes on sending
 * it, whoever signed in since. Wrong credentials count against the address; once that has used up its failures, its
 * credentials are not even looked at, except keys that this process already knows.
 */
export function whoAsks({ keys, admin, entrance, sessions, failures }: WhoAsksParts): WhoAsks {
  const comparePassword = countedComparison(adminCheck(admin), failures);

  const bySession = async (request: Request, response: Response): Promise<Who | undefined> => {
    const as = (await sessions.find(request, response))?.as;
    const standing = as && (await entrance.standing(as));
    if (!as || !standing) return undefined;
    return {
      person: { kind: 'user', name: standing.name },
      role: standing.role,
      countedAs: `person ${as.id}`,
    };
  };

  const byKey = async (request: Request, response: Response, key: string, wanted: AccessRole) => {
    if (!keys.remembers(key)) {
      const verdict = failures.refuses(addressOf(request));
      if (verdict) throw tooManyFailures(response, verdict);
    }
    const checked = await keys.check(key, wanted);
    if (checked.outcome === 'unavailable') throw cannotTell();
    if (checked.outcome === 'refused') {
      // A wrong key may be counted after it was looked at: however many are tried at once, nobody guesses one.
      const verdict = await failures.take(addressOf(request));
      throw verdict.allowed ? wrong(REFUSALS[checked.why]) : tooManyFailures(response, verdict);
    }
    const { id, role } = checked;
    response.locals.apiKeyId = id;
    return { person: { kind: 'key', name: id }, role, countedAs: id } as const;
  };

  const byPassword = async (request: Request, response: Response, text: string): Promise<Who> => {
    const compared = await comparePassword(addressOf(request), text);
    if ('refused' in compared) throw tooManyFailures(response, compared.refused);
    if (!compared.right || !admin) throw wrong('The user or the password is wrong');
    return { person: { kind: 'user', name: admin.user }, role: 'admin' };
  };

  const ask = async (request: Request, response: Response, wanted: AccessRole) => {
    const presented = presentedBy(request);
    if (presented.kind === 'key') return byKey(request, response, presented.key, wanted);
    const signedIn = await bySession(request, response);
    if (signedIn || presented.kind === 'nothing') return signedIn;
    return byPassword(request, response, presented.text);
  };
  const anew = async (request: Request, response: Response, wanted: AccessRole) => {
    await sessions.readAgain(request);
    return ask(request, response, wanted);
  };
  return Object.assign(ask, { bySession, anew });
}

const REFUSALS = {
  malformed: 'This is not an API key',
  unknown: 'There is no such API key',
  revoked: 'This API key was revoked',
  expired: 'This API key has expired',
};

export function tooMany(response: Response, { retryAfterSeconds }: Verdict, detail: string): HttpProblem {
  // An answer that lasts has begun already.
  if (!response.headersSent) response.set('Retry-After', String(retryAfterSeconds));
  return new HttpProblem(429, { kind: 'too-many-requests', detail });
}

export const tooManyFailures = (response: Response, verdict: Verdict): HttpProblem =>
  tooMany(response, verdict, 'Too many wrong credentials came from this address');

export const wrong = (detail: string): HttpProblem => new HttpProblem(401, { kind: 'unauthorized', detail });

const cannotTell = (): HttpProblem =>
  new HttpProblem(503, {
    kind: 'redis-unavailable',
    detail: 'Redis does not answer, so nobody can say whether this is good; try again soon',
  });
