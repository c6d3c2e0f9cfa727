import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Provider from 'oidc-provider';
import { roleIn } from '../../src/http/people/provider.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { freePort } from '../support/redis.ts';
import { peopleOf, Visitor } from './visitor.ts';

const CLIENT = { id: 'order-pipeline', secret: 'a secret of forty characters, or nearly so' };
const BOARD = '/admin/queues/api/queues';
const PAUSE = { path: '/admin/queues/api/queues/pause', init: { method: 'PUT' } };

/** Accounts at the provider, by what people type there. */
const ROLES: Record<string, unknown> = {
  anna: ['staff', 'order-pipeline:repair'],
  olga: 'admin',
  rita: ['staff'],
};

/** A provider on this machine; its own page for developers signs in whoever is typed there. */
async function startProvider(port: number, backTo: string): Promise<{ server: Server; issuer: string }> {
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [backTo] }],
    claims: { openid: ['sub'], profile: ['preferred_username', 'roles'] },
    cookies: { keys: ['for a test'] },
    pkce: { required: () => true },
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: 'anna', roles: ROLES[id] }),
    }),
  });
  const server = createServer(provider.callback());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function stopServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Walks through the provider as a browser does, and stops at the address that leads back. */
async function signInThere(start: string, account: string): Promise<string> {
  const cookies = new Map<string, string>();
  const ask = async (url: string, body?: Record<string, string>) => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      ...(body ? { method: 'POST', body: new URLSearchParams(body) } : {}),
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    return { to: response.headers.get('location'), text: await response.text() };
  };
  const { origin } = new URL(start);
  for (let url = start, step = 0; step < 12; step += 1) {
    if (!url.startsWith(origin)) return url;
    let { to, text } = await ask(url);
    if (to === null) {
      const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1] ?? '';
      ({ to, text } = await ask(url, { prompt, login: account, password: 'any' }));
    }
    if (to === null) throw new Error(`the provider leads nowhere from ${url}: ${text.slice(0, 500)}`);
    url = new URL(to, url).href;
  }
  throw new Error('the provider leads round and round');
}

describe('people of an OpenID provider', () => {
  let pipeline: TestPipeline;
  let provider: { server: Server; issuer: string };
  const { logger, lines } = collectingLogger();
  beforeAll(async () => {
    const [port, own] = [await freePort(), await freePort()];
    provider = await startProvider(port, `http://127.0.0.1:${own}/sign-in/callback`);
    pipeline = await startPipeline(
      {
        PORT: String(own),
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: CLIENT.id,
        OIDC_CLIENT_SECRET: CLIENT.secret,
      },
      { role: 'api', logger },
    );
  });
  afterAll(async () => {
    await pipeline?.stop();
    await stopServer(provider.server);
  });

  const away = async (visitor: Visitor, next = '/docs') => {
    const response = await visitor.ask(`/sign-in/provider?next=${encodeURIComponent(next)}`);
    await response.arrayBuffer();
    return response.headers.get('location') as string;
  };
  const back = async (visitor: Visitor, url: string) => {
    const response = await visitor.ask(url.replace(pipeline.url, ''));
    await response.arrayBuffer();
    return response.headers.get('location');
  };

  it('sign in there, and may here what it says', async () => {
    const visitor = new Visitor(pipeline);
    expect(await visitor.status(BOARD)).toBe(401);
    expect(await visitor.session()).toMatchObject({ closed: true, provider: new URL(provider.issuer).host });
    expect(await back(visitor, await signInThere(await away(visitor), 'anna'))).toBe('/docs');
    expect(await visitor.session()).toMatchObject({ person: { name: 'anna (oidc:anna)', role: 'repair' } });
    expect([await visitor.status(BOARD), await visitor.status(PAUSE.path, PAUSE.init)]).toEqual([200, 200]);
    const listed = await peopleOf(pipeline)('list');
    expect(listed.stdout).toMatch(/^oidc:anna +anna +repair +good/m);
    expect((await peopleOf(pipeline)('role', 'oidc:anna', 'admin')).code).toBe(2);

    expect((await peopleOf(pipeline)('remove', 'oidc:anna')).code).toBe(0);
    expect(await visitor.status(BOARD)).toBe(401);
    expect(lines.join()).not.toMatch(/code=[\w-]{20}/);
  });

  it('are told apart by their account, whatever they call themselves, and have the role of their last sign-in', async () => {
    const visitor = new Visitor(pipeline);
    await back(visitor, await signInThere(await away(visitor), 'olga'));
    expect(await visitor.session()).toMatchObject({ person: { name: 'anna (oidc:olga)', role: 'admin' } });
    ROLES.olga = 'read';
    const again = new Visitor(pipeline);
    await back(again, await signInThere(await away(again), 'olga'));
    expect(await visitor.session()).toMatchObject({ person: { role: 'read' } });
    ROLES.olga = [];
    await back(again, await signInThere(await away(again), 'olga'));
    expect(await visitor.session()).toMatchObject({ person: null });
  });

  it('without a role are not let in, and told so', async () => {
    const visitor = new Visitor(pipeline);
    expect(await back(visitor, await signInThere(await away(visitor), 'rita'))).toBe('/sign-in?refused=role');
    expect(await visitor.session()).toMatchObject({ person: null });
  });

  it('come back only where they left, once, and with what they were given', async () => {
    const visitor = new Visitor(pipeline);
    const url = await signInThere(await away(visitor), 'anna');
    expect(await back(new Visitor(pipeline), url)).toBe('/sign-in?refused=provider');
    const other = new Visitor(pipeline);
    await away(other);
    expect(await back(other, url)).toBe('/sign-in?refused=provider');
    const before = visitor.cookie;
    expect(await back(visitor, url)).toBe('/docs');
    expect(visitor.cookie).not.toBe(before);
    expect(await back(visitor, url)).toBe('/sign-in?refused=provider');
    expect(await visitor.session()).toMatchObject({ person: { role: 'repair' } });
  });

  it.each(['//evil.example/', 'https://evil.example', '/\\evil.example', '/\n/x'])(
    'go on to no other site: %j',
    async (next) => {
      const visitor = new Visitor(pipeline);
      expect(await back(visitor, await signInThere(await away(visitor, next), 'anna'))).toBe('/');
    },
  );

  it('are told that Redis keeps no session, and not that the provider is at fault', async () => {
    const visitor = new Visitor(pipeline);
    const url = await signInThere(await away(visitor), 'anna');
    const redis = pipeline.redis.client();
    await redis.config('SET', 'maxmemory', '1');
    try {
      const response = await visitor.ask(url.replace(pipeline.url, ''));
      expect([response.status, await response.json()]).toEqual([
        503,
        expect.objectContaining({ detail: expect.stringContaining('Redis is out of memory') }),
      ]);
      expect(await new Visitor(pipeline).status('/sign-in/provider')).toBe(503);
    } finally {
      await redis.config('SET', 'maxmemory', '0');
    }
    expect(await visitor.session()).toMatchObject({ person: null });
  });

  it('are told when the provider is away, and led there when it is back', async () => {
    const port = await freePort();
    const elsewhere = await startPipeline(
      {
        OIDC_ISSUER: `http://127.0.0.1:${port}`,
        OIDC_CLIENT_ID: CLIENT.id,
        OIDC_CLIENT_SECRET: CLIENT.secret,
      },
      { role: 'api' },
    );
    try {
      expect(await away(new Visitor(elsewhere))).toBe('/sign-in?refused=provider');
      const late = await startProvider(port, `${elsewhere.url}/sign-in/callback`);
      expect(await away(new Visitor(elsewhere))).toContain(late.issuer);
      await stopServer(late.server);
    } finally {
      await elsewhere.stop();
    }
  });
});

it.each([
  [{ roles: 'admin' }, 'roles', 'admin'],
  [{ roles: ['order-pipeline:read', 'repair'] }, 'roles', 'repair'],
  [{ realm_access: { roles: ['admin'] } }, 'realm_access.roles', 'admin'],
  [{ 'https://shop.example/roles': ['read'] }, 'https://shop.example/roles', 'read'],
  [{ roles: ['administrator', 'Admin', 7, null] }, 'roles', undefined],
  [{ roles: { admin: true } }, 'roles', undefined],
  [{}, '__proto__.roles', undefined],
])('the role in %j at %s is %s', (claims, claim, role) => {
  expect(roleIn(claims as Record<string, unknown>, claim)).toBe(role);
});
