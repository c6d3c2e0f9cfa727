import { hash } from 'node:crypto';
import { RedisStore } from 'connect-redis';
import type { Request, RequestHandler, Response } from 'express';
import session, { type SessionData } from 'express-session';
import type { Cluster, Redis } from 'ioredis';
import type { SignedIn } from '../../access/entrance.ts';
import { SESSION_PREFIX } from '../../store/keys.ts';

declare module 'express-session' {
  interface SessionData {
    as?: SignedIn;
    /** On the way to an OpenID provider and back. */
    asking?: { state: string; nonce: string; verifier: string; next: string };
  }
}

/** Sessions at the server: the browser has an id in a cookie and nothing else. */
export interface Sessions {
  /** What the request's cookie leads to; undefined when it has none, or one that leads nowhere. */
  find(request: Request, response: Response): Promise<SessionData | undefined>;
  /** What `find` finds from now on is what is kept now: nothing, where the session was ended meanwhile. */
  readAgain(request: Request): Promise<void>;
  /** Begins another one, under an id that nobody knew before. */
  begin(request: Request, response: Response, data: Partial<SessionData>): Promise<void>;
  /** Remembers more in the one there is, or in a new one. */
  note(request: Request, response: Response, data: Partial<SessionData>): Promise<void>;
  end(request: Request, response: Response): Promise<void>;
}

/** Its name. */
export const SESSION_COOKIE = 'order-pipeline.session';
/** Unused for so long it is over. By Redis's clock, which is also why the cookie itself names no time. */
const IDLE_SECONDS = 2 * 3_600;
/** Time to sign in at a provider. */
const ASKING_SECONDS = 600;

export function redisSessions(redis: Redis | Cluster): Sessions {
  const middleware = session({
    name: SESSION_COOKIE,
    store: new DigestStore({
      client: redis,
      prefix: SESSION_PREFIX,
      ttl: ({ as }: SessionData) => (as ? IDLE_SECONDS : ASKING_SECONDS),
    }),
    // The library insists on signing. The ids are 192 random bits: there is nothing to prove about one that is known.
    secret: 'the id is the secret',
    resave: false,
    saveUninitialized: false,
    // Lax: an address pasted into a ticket opens for whoever is signed in. Nothing that is opened changes anything.
    cookie: (request) => ({ httpOnly: true, sameSite: 'lax', path: '/', secure: request.secure }),
  });
  // A session that was changed would be stored with the end of the answer, ended or not.
  const ended = new WeakSet<Request>();
  /** Once for a request. What the library reports when the answer is sent comes too late for anybody. */
  const open = (request: Request, response: Response) => {
    if (request.session) return Promise.resolve();
    noteSecurity(request);
    return settled((done) => (middleware as RequestHandler)(request, response, done));
  };
  return {
    async find(request, response) {
      if (!request.headers.cookie?.includes(`${SESSION_COOKIE}=`)) return undefined;
      await open(request, response);
      return ended.has(request) ? undefined : request.session;
    },
    async readAgain(request) {
      if (!request.session?.as) return;
      const { sessionID, sessionStore } = request;
      const kept = await new Promise<SessionData | null | undefined>((resolve, reject) => {
        sessionStore.get(sessionID, (error, found) => (error ? reject(error) : resolve(found)));
      });
      if (!kept) ended.add(request);
    },
    async begin(request, response, data) {
      await open(request, response);
      await settled((done) => request.session.regenerate(done));
      Object.assign(request.session, data);
      // Now, not with the answer: one that cannot be kept must not be told of.
      await settled((done) => request.session.save(done)).catch((error) => {
        Reflect.deleteProperty(request, 'session');
        throw error;
      });
    },
    async note(request, response, data) {
      await open(request, response);
      Object.assign(request.session, data);
      await settled((done) => request.session.save(done));
    },
    async end(request, response) {
      await open(request, response);
      await settled((done) => request.session.destroy(done));
      response.clearCookie(SESSION_COOKIE, { path: '/' });
    },
  };
}

/** Keeps sessions by a digest of their ids: whoever reads Redis can come in as nobody. */
class DigestStore extends RedisStore {
  override get(id: string, done?: Done) {
    return super.get(digestOf(id), done);
  }
  override set(id: string, data: SessionData, done?: Done) {
    return super.set(digestOf(id), data, done);
  }
  override touch(id: string, data: SessionData, done?: Done) {
    return super.touch(digestOf(id), data, done);
  }
  override destroy(id: string, done?: Done) {
    return super.destroy(digestOf(id), done);
  }
}

type Done = Parameters<RedisStore['get']>[1];

const digestOf = (id: string): string => hash('sha256', id);

/**
 * A page says in `Origin` whether it came by TLS, also where what ends TLS in front says nothing or nobody may believe
 * it. That it is a page of ours was asked before.
 */
function noteSecurity(request: Request): void {
  if (request.secure || !request.headers.origin?.startsWith('https://')) return;
  Object.defineProperty(request, 'secure', { value: true });
}

const settled = (work: (done: (error?: unknown) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    work((error) => (error ? reject(error) : resolve()));
  });
