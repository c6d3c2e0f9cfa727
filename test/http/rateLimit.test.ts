import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../src/access/keyStore.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

async function ask(pipeline: TestPipeline, headers: Record<string, string> = {}, path = '/stats/global') {
  const response = await pipeline.get(path, { headers });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

/** Statuses of that many requests, one after the other. */
async function statuses(count: number, request: () => Promise<{ status: number }>): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < count; i += 1) seen.push((await request()).status);
  return seen;
}

describe('the rate limit of a key', () => {
  let redis: TestRedis;
  let apps: [TestPipeline, TestPipeline];
  beforeAll(async () => {
    redis = await startTestRedis();
    const env = { STATS_API: 'keys', RATE_LIMIT_PER_KEY: '2', AUTH_FAILURES_PER_MINUTE: '3' };
    apps = [
      await startPipeline(env, { role: 'api', redis }),
      await startPipeline(env, { role: 'api', redis }),
    ];
  });
  afterAll(async () => {
    for (const app of apps) await app.stop();
    await redis.stop();
  });

  const newKey = async () =>
    (await new KeyStore(redis.client()).create({ name: 'test', role: 'read' }, Date.now())).key;

  it('is one for all processes, and another for every key', async () => {
    const [key, other] = [await newKey(), await newKey()];
    let at = 0;
    const seen = await statuses(4, () => ask(apps[at++ % 2] as TestPipeline, { 'x-api-key': key }));
    expect(seen).toEqual([200, 200, 429, 429]);
    expect((await ask(apps[0], { 'x-api-key': other })).status).toBe(200);
  });

  it('is said on every answer, and a refusal says when to come back', async () => {
    const key = await newKey();
    const { headers } = await ask(apps[0], { 'x-api-key': key });
    expect(headers.get('ratelimit-policy')).toBe('"per-key";q=2;w=60');
    expect(headers.get('ratelimit')).toBe('"per-key";r=1;t=30');
    await statuses(1, () => ask(apps[0], { 'x-api-key': key }));
    const refused = await ask(apps[0], { 'x-api-key': key });
    expect(refused.status).toBe(429);
    expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(refused.body).toMatchObject({ type: '/problems/too-many-requests', status: 429 });
    // Less what has passed since the first.
    expect(refused.headers.get('ratelimit')).toMatch(/^"per-key";r=0;t=(3[1-9]|[45]\d|60)$/);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(30);
  });

  it('stops guessing from one address, whatever is guessed, but nobody whose key is good', async () => {
    const key = await newKey();
    expect((await ask(apps[0], { 'x-api-key': key })).status).toBe(200);
    const seen = await statuses(5, () =>
      ask(apps[0], { 'x-api-key': `op_0123456789abcdef_${'A'.repeat(43)}` }),
    );
    expect(seen).toEqual([401, 401, 401, 429, 429]);
    const guessed = await ask(apps[0], { authorization: 'Basic b3BzOng=' }, '/admin/queues');
    expect(guessed.status).toBe(429);
    expect(Number(guessed.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask(apps[0], { 'x-api-key': key })).status).toBe(200);
  });
});

describe('the rate limit of an address', () => {
  let redis: TestRedis;
  let trusting: TestPipeline;
  let distrustful: TestPipeline;
  beforeAll(async () => {
    redis = await startTestRedis();
    const env = { RATE_LIMIT_PER_ADDRESS: '3' };
    trusting = await startPipeline({ ...env, TRUST_PROXY: '1' }, { role: 'api', redis });
    distrustful = await startPipeline(env, { role: 'api', redis });
  });
  afterAll(async () => {
    await trusting.stop();
    await distrustful.stop();
    await redis.stop();
  });
  const from = (address: string) => ({ 'x-forwarded-for': address });

  it('counts the client that a trusted proxy names', async () => {
    const seen = await statuses(4, () => ask(trusting, from('203.0.113.1')));
    expect(seen).toEqual([200, 200, 200, 429]);
    expect((await ask(trusting, from('203.0.113.2'))).status).toBe(200);
    // What the client itself wrote into the header stands before what the proxy added.
    expect((await ask(trusting, from('198.51.100.1, 203.0.113.1'))).status).toBe(429);
  });

  it('takes the addresses of one IPv6 network as one', async () => {
    const seen = await statuses(4, () =>
      ask(trusting, from(`2001:db8:1:2:${Math.floor(Math.random() * 65_535).toString(16)}::1`)),
    );
    expect(seen).toEqual([200, 200, 200, 429]);
    expect((await ask(trusting, from('2001:db8:1:3::1'))).status).toBe(200);
  });

  it('believes nobody who is not trusted', async () => {
    const seen = [
      ...(await statuses(3, () => ask(distrustful, from('203.0.113.7')))),
      ...(await statuses(1, () => ask(distrustful, from('203.0.113.8')))),
    ];
    expect(seen).toEqual([200, 200, 200, 429]);
  });

  it('leaves health alone', async () => {
    expect(await statuses(6, () => ask(distrustful, {}, '/health'))).toEqual(Array(6).fill(200));
  });
});

describe('the failures of an address while Redis is away', () => {
  let redis: TestRedis;
  let pipeline: TestPipeline;
  beforeAll(async () => {
    redis = await startTestRedis();
    pipeline = await startPipeline(
      { ADMIN_USER: 'ops', ADMIN_PASSWORD: 'a password', AUTH_FAILURES_PER_MINUTE: '3' },
      { role: 'api', redis },
    );
  });
  afterAll(async () => {
    await pipeline.stop();
    await redis.stop();
  });

  it('are still counted: nobody guesses the admin password meanwhile', async () => {
    await redis.stop();
    await until(async () => (await pipeline.get('/health')).status === 503, '/health is 503');
    const login = (password: string) => ({
      authorization: `Basic ${Buffer.from(`ops:${password}`).toString('base64')}`,
    });
    const seen = await statuses(5, () => ask(pipeline, login('wrong'), '/admin/queues/api/queues'));
    expect(seen).toEqual([401, 401, 401, 429, 429]);
    expect((await ask(pipeline, login('a password'), '/admin/queues/api/queues')).status).toBe(429);
  });
});
