import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../src/access/keyStore.ts';
import type { AccessRole } from '../../src/access/roles.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const ENV = { STATS_API: 'keys', AUTH_FAILURES_PER_MINUTE: '1000' };

describe('the stats, when they need a key', () => {
  let redis: TestRedis;
  let store: KeyStore;
  let first: TestPipeline;
  let second: TestPipeline;
  const { logger, lines } = collectingLogger();

  beforeAll(async () => {
    redis = await startTestRedis();
    store = new KeyStore(redis.client());
    first = await startPipeline(ENV, { role: 'api', redis, logger });
    second = await startPipeline(ENV, { role: 'api', redis });
  });
  afterAll(async () => {
    await first.stop();
    await second.stop();
    await redis.stop();
  });

  const newKey = (role: AccessRole = 'read', expiresAt?: number) =>
    store.create({ name: 'test', role, ...(expiresAt === undefined ? {} : { expiresAt }) }, Date.now());

  async function ask(
    pipeline: TestPipeline,
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
  ) {
    const response = await pipeline.get(path, { headers, method });
    const text = await response.text();
    const body = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body };
  }
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  it.each([
    '/stats/global',
    '/users/U1/stats',
    '/metrics',
    '/v1/stats/global',
    '/nothing',
    '/stats/global/more',
  ])('%s is closed without one', async (path) => {
    const { status, headers, body } = await ask(first, path);
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer realm="order-pipeline"');
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(body).toMatchObject({ type: '/problems/unauthorized', status: 401, detail: expect.any(String) });
  });

  it.each(['/health', '/health/ready', '/health/live', '/openapi.json', '/docs'])(
    '%s stays open',
    async (path) => {
      expect((await ask(first, path)).status).toBe(200);
    },
  );

  it.each([
    ['Authorization: Bearer', bearer],
    ['authorization in another case', (key: string) => ({ authorization: `bearer ${key}` })],
    ['X-API-Key', (key: string) => ({ 'x-api-key': key })],
    [
      'X-API-Key beside the password a browser adds',
      (key: string) => ({ 'x-api-key': key, authorization: 'Basic b3BzOng=' }),
    ],
  ])('open by %s, in every process', async (_, headers) => {
    const { key } = await newKey();
    for (const pipeline of [first, second]) {
      expect((await ask(pipeline, '/stats/global', headers(key))).status).toBe(200);
    }
  });

  it('open by a key of role admin too', async () => {
    expect((await ask(first, '/stats/global', bearer((await newKey('admin')).key))).status).toBe(200);
  });

  it.each([
    ['something else', 'hello'],
    ['a key nobody made', `op_0123456789abcdef_${'A'.repeat(43)}`],
    ['the id alone', 'op_0123456789abcdef'],
  ])('stay closed for %s', async (_, key) => {
    const { status, headers, body } = await ask(first, '/stats/global', bearer(key));
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect(body.type).toBe('/problems/unauthorized');
    expect(JSON.stringify(body)).not.toContain(key);
  });

  it('do not take a key from the URL', async () => {
    const { key } = await newKey();
    expect((await ask(first, `/stats/global?api_key=${key}`)).status).toBe(401);
  });

  it('close for a revoked key at once where it is new, and within seconds where it was in use', async () => {
    const { key, id } = await newKey();
    expect((await ask(first, '/stats/global', bearer(key))).status).toBe(200);
    await store.revoke(id, Date.now());
    const { status, body } = await ask(second, '/stats/global', bearer(key));
    expect(status).toBe(401);
    expect(body.detail).toContain('revoked');
    await until(
      async () => (await ask(first, '/stats/global', bearer(key))).status === 401,
      'the key is refused',
    );
  });

  it('stay closed for an expired key', async () => {
    const { key } = await newKey('read', Date.now() - 1);
    const { status, body } = await ask(first, '/stats/global', bearer(key));
    expect(status).toBe(401);
    expect(body.detail).toContain('expired');
  });

  describe("the operators' pages", () => {
    it('open by an admin key', async () => {
      const { key } = await newKey('admin');
      expect((await ask(first, '/admin/queues', bearer(key))).status).toBe(200);
    });

    it('are refused to a key that may only read', async () => {
      const { key } = await newKey('read');
      const { status, body } = await ask(first, '/admin/queues', bearer(key));
      expect(status).toBe(403);
      expect(body).toMatchObject({ type: '/problems/forbidden', status: 403 });
    });

    it('are closed without a key, also when no admin password is set', async () => {
      const { status, headers } = await ask(first, '/admin/queues');
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
    });

    it.each(['cross-site', 'same-site'])('change nothing on behalf of a %s page', async (site) => {
      const { key } = await newKey('admin');
      const headers = { ...bearer(key), 'sec-fetch-site': site };
      const path = '/admin/queues/api/queues/pause';
      expect((await ask(first, path, headers, 'PUT')).status).toBe(403);
      expect(await first.queues[0]?.isPaused()).toBe(false);
      expect((await ask(first, path, { ...headers, 'sec-fetch-site': 'same-origin' }, 'PUT')).status).toBe(
        200,
      );
      expect((await ask(first, '/admin/queues/api/queues/resume', bearer(key), 'PUT')).status).toBe(200);
    });
  });

  it('name the id of the key on the log line, and never the key', async () => {
    const { key, id } = await newKey();
    await ask(first, '/stats/global', bearer(key));
    await until(() => lines.some((line) => line.includes(`"api_key":"${id}"`)), 'the request is logged');
    expect(lines.join()).not.toContain(key.slice(-43));
  });
});

describe('the stats, when they need a key and there is an admin password', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline(
      { ...ENV, ADMIN_USER: 'ops', ADMIN_PASSWORD: 'a password' },
      { role: 'api' },
    );
  });
  afterAll(() => pipeline.stop());

  it.each([
    ['open by it', 'ops:a password', 200],
    ['stay closed for a wrong one', 'ops:another', 401],
  ])('%s', async (_, login, status) => {
    const headers = { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
    const response = await pipeline.get('/stats/global', { headers });
    await response.arrayBuffer();
    expect(response.status).toBe(status);
  });
});

describe('keys while Redis is away', () => {
  let redis: TestRedis;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    redis = await startTestRedis();
    pipeline = await startPipeline(ENV, { role: 'api', redis });
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });

  it('get 503 for reads and for the operators, known or not, and nobody gets in', async () => {
    const store = new KeyStore(redis.client());
    const { key } = await store.create({ name: 'test', role: 'admin' }, Date.now());
    const unseen = await store.create({ name: 'test', role: 'admin' }, Date.now());
    const statusOf = async (path: string, presented: string) => {
      const response = await pipeline.get(path, { headers: { 'x-api-key': presented } });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await statusOf('/stats/global', key)).toBe(200);
    await redis.stop();
    await until(async () => (await pipeline.get('/health')).status === 503, '/health is 503');
    expect(await statusOf('/stats/global', key)).toBe(503);
    expect(await statusOf('/stats/global', unseen.key)).toBe(503);
    expect(await statusOf('/admin/queues', unseen.key)).toBe(503);
    expect(await statusOf('/stats/global', 'no key')).toBe(401);
    expect(await statusOf('/admin/queues', 'no key')).toBe(401);
  });
});
