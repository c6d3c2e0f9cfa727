import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OWN_PATHS } from '../../src/config/http.ts';
import { openapiDocument } from '../../src/http/description/openapi.ts';
import { anOrder } from '../support/orders.ts';
import { type PathProxy, startPathProxy } from '../support/pathProxy.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

const BASE = '/shop/orders';

describe('under BASE_PATH', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({ BASE_PATH: BASE, ADMIN_USER: 'ops', ADMIN_PASSWORD: 'a long password' });
    await pipeline.send(...['U1', 'U2', 'U3'].map((user_id) => anOrder({ user_id, order_id: user_id })));
    await pipeline.settled();
  });
  afterAll(() => pipeline.stop());

  describe.each([
    ['takes it off', true],
    ['hands it on', false],
  ])('behind a proxy that %s', (_name, strips) => {
    let proxy: PathProxy;
    beforeAll(async () => {
      proxy = await startPathProxy(pipeline.url, BASE, strips);
    });
    afterAll(() => proxy.stop());

    const get = (path: string) => fetch(proxy.origin + path, { redirect: 'manual' });

    it('pages of a list follow each other by Link', async () => {
      const users: string[] = [];
      let path: string | undefined =
        `${BASE}/v1/stats/users-by-date?start_date=2000-01-01&end_date=2099-12-31&limit=1`;
      while (path !== undefined) {
        expect(path.startsWith(`${BASE}/v1/stats/users-by-date?`)).toBe(true);
        const response = await get(path);
        const body = (await response.json()) as { users: { user_id: string }[] };
        users.push(...body.users.map(({ user_id }) => user_id));
        [, path] = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
      }
      expect(users.sort()).toEqual(['U1', 'U2', 'U3']);
    });

    it.each(['', '/'])("the index's links lead inside, asked for as %j", async (slash) => {
      const asked = new URL(BASE + slash, proxy.origin);
      const index = (await (await fetch(asked)).json()) as Record<string, string>;
      const leads = Object.values(index).map((link) => new URL(link, asked).pathname);
      expect(leads.filter((path) => !path.startsWith(`${BASE}/`))).toEqual([]);
      const pulse = await fetch(new URL(index.pulse as string, asked));
      expect(await pulse.json()).toMatchObject({ counted: { orders: 3 } });
    });

    it.each([
      ['/admin', `${BASE}/admin/queues`],
      ['/Admin/Queues/queue/orders?status=failed', `${BASE}/admin/queues/queue/orders?status=failed`],
    ])('%s leads to %s', async (path, to) => {
      const response = await get(BASE + path);
      await response.arrayBuffer();
      expect(response.headers.get('location')).toBe(to);
    });

    it('a problem names an address that explains it', async () => {
      const response = await get(`${BASE}/users/NOBODY/stats`);
      const { type } = (await response.json()) as { type: string };
      expect(type).toBe(`${BASE}/problems/unknown-user`);
      const explained = await get(type);
      expect(await explained.json()).toMatchObject({ type, statuses: [404] });
    });

    it("the document's servers and types are addresses there", async () => {
      const text = await (await get(`${BASE}/openapi.json`)).text();
      const { servers } = JSON.parse(text) as { servers: { url: string }[] };
      expect(servers.map(({ url }) => url)).toEqual([BASE, `${BASE}/v1`]);
      for (const { url } of servers) {
        const response = await get(`${url}/stats/global`);
        expect(await response.json()).toMatchObject({ total_orders: 3 });
      }
      const types = [...text.matchAll(/"enum":\["([^"]*\/problems\/[^"]*)"/g)].map(([, type]) => type);
      expect(types.length).toBeGreaterThan(5);
      expect(types.filter((type) => !type?.startsWith(`${BASE}/problems/`))).toEqual([]);
    });
  });

  it('is not needed by those who ask the port itself, and no more is taken off than it', async () => {
    expect(await pipeline.json('/stats/global')).toEqual(await pipeline.json(`${BASE}/stats/global`));
    const statuses = [];
    for (const path of ['/health/live', BASE, `${BASE}?a=1`, `${BASE}er/health`, `${BASE}${BASE}/health`]) {
      const response = await pipeline.get(path, { redirect: 'manual' });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
    expect(statuses).toEqual([200, 200, 200, 404, 404]);
  });

  it('the board keeps its looser headers, and nothing else gets them', async () => {
    const authorization = `Basic ${Buffer.from('ops:a long password').toString('base64')}`;
    const csp = async (path: string) => {
      const response = await pipeline.get(BASE + path, { headers: { authorization } });
      await response.arrayBuffer();
      return response.headers.get('content-security-policy');
    };
    expect(await csp('/admin/queues')).toContain("'unsafe-inline'");
    expect(await csp('/docs')).not.toContain("'unsafe-inline'");
  });

  it('cannot begin with a path that the API has', () => {
    const paths = Object.keys(openapiDocument('upper').paths as object);
    // Services are mounted under /orders, so that one is a name to take; its operations have /v1/orders besides.
    const first = paths.map((path) => path.split('/')[1] as string).filter((name) => name !== 'orders');
    expect(OWN_PATHS).toEqual(expect.arrayContaining(first));
  });
});
