import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const SHOP = 'https://shop.example';

describe('pages of other origins', () => {
  let redis: TestRedis;
  let listing: TestPipeline;
  let none: TestPipeline;
  let every: TestPipeline;
  beforeAll(async () => {
    redis = await startTestRedis();
    const start = (env: Record<string, string>) => startPipeline(env, { role: 'api', redis });
    listing = await start({ CORS_ORIGINS: `${SHOP}, http://localhost:3000`, STATS_API: 'keys' });
    none = await start({});
    every = await start({ CORS_ORIGINS: '*' });
  });
  afterAll(async () => {
    for (const pipeline of [listing, none, every]) await pipeline.stop();
    await redis.stop();
  });

  async function ask(pipeline: TestPipeline, init: RequestInit, path = '/stats/global') {
    const response = await pipeline.get(path, init);
    await response.arrayBuffer();
    return response;
  }
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'x-api-key',
    },
  });

  it.each([SHOP, 'http://localhost:3000'])('%s, which is listed, may ask with a key', async (origin) => {
    const { status, headers } = await ask(listing, preflight(origin));
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD');
    expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain('x-api-key');
    expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('vary')).toContain('Origin');
  });

  it('a listed one may read answers, refusals too, and the headers around them', async () => {
    const { status, headers } = await ask(listing, { headers: { origin: SHOP } });
    expect(status).toBe(401);
    expect(headers.get('access-control-allow-origin')).toBe(SHOP);
    expect(headers.get('access-control-expose-headers')).toMatch(/RateLimit.*Retry-After/);
  });

  it.each([
    ['another', 'https://evil.example'],
    ['one that begins alike', `${SHOP}.evil.example`],
    ['the same over http', 'http://shop.example'],
    ['none at all, as a sandbox says', 'null'],
  ])('%s may not', async (_, origin) => {
    const refused = await ask(listing, preflight(origin));
    expect(refused.status).toBe(403);
    expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    const { headers } = await ask(listing, { headers: { origin } });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('vary')).toContain('Origin');
  });

  it('no origin may, when none is listed', async () => {
    const { status, headers } = await ask(none, preflight(SHOP));
    expect(status).toBe(405);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(
      (await ask(none, { headers: { origin: SHOP } })).headers.get('access-control-allow-origin'),
    ).toBeNull();
  });

  it('every origin may, by an asterisk', async () => {
    expect((await ask(every, preflight(SHOP))).headers.get('access-control-allow-origin')).toBe('*');
    expect((await ask(every, { headers: { origin: SHOP } })).headers.get('access-control-allow-origin')).toBe(
      '*',
    );
  });

  it("never reach the operators' pages", async () => {
    const { headers } = await ask(every, preflight(SHOP), '/admin/queues/api/queues');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('what a page of ours may load', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  const policyOf = async (path: string) => {
    const response = await pipeline.get(path);
    await response.arrayBuffer();
    return response.headers.get('content-security-policy') ?? '';
  };

  it.each(['/docs', '/stats/global', '/nothing'])('is nothing but our own files at %s', async (path) => {
    const policy = await policyOf(path);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe|https?:/);
  });

  it('is inline scripts too on the pages of Bull Board only', async () => {
    const policy = await policyOf('/admin/queues');
    expect(policy).toContain("script-src 'self' 'unsafe-inline'");
    expect(policy).toContain("default-src 'none'");
  });
});
