import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KeyStore } from '../../src/access/keyStore.ts';
import { openapiDocument } from '../../src/http/description/openapi.ts';
import { PROBLEM_KINDS } from '../../src/http/transport/problemKinds.ts';
import { GRANULARITIES, SERIES_GRANULARITIES } from '../../src/stats/figures.ts';
import { forgetDetail } from '../../src/stats/forgetDetail.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { type ApiDocument, readApiDocument } from '../support/apiDocument.ts';
import { anOrder } from '../support/orders.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { startTestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const today = new Date().toISOString().slice(0, 10);
const RANGE = `start_date=${today.slice(0, 7)}-01&end_date=${today}`;
const ALL_DAYS = 'start_date=0001-01-01&end_date=9999-12-31';

/** A request of every operation of the document, by its path there. */
const GOOD: Record<string, string[]> = {
  '/users/{user_id}/stats': ['/users/U0001/stats', `/users/u0001/stats?${RANGE}`],
  '/users/{user_id}/rank': ['/users/U0001/rank'],
  '/stats/global': ['/stats/global'],
  '/stats/top-spenders': ['/stats/top-spenders', `/stats/top-spenders?limit=2&${RANGE}`],
  '/stats/top-buyers': ['/stats/top-buyers', `/stats/top-buyers?limit=2&${RANGE}`],
  '/stats/by-date': [`/stats/by-date?${ALL_DAYS}`, `/stats/by-date?${RANGE}&user_id=U0001`],
  '/stats/compare': [`/stats/compare?${RANGE}&with_start_date=2024-01-01&with_end_date=2024-01-31`],
  '/stats/users': GRANULARITIES.map((each) => `/stats/users?${RANGE}&granularity=${each}`),
  '/stats/users-by-date': [`/stats/users-by-date?${RANGE}`, `/stats/users-by-date?${RANGE}&limit=1`],
  '/stats/series': SERIES_GRANULARITIES.map((each) => `/stats/series?${RANGE}&granularity=${each}`),
  '/metrics': ['/metrics'],
  '/pulse': ['/pulse'],
  '/pulse/history': ['hour', 'day', 'month'].map((each) => `/pulse/history?span=${each}`),
  '/queue': ['/queue'],
  '/health': ['/health'],
  '/health/ready': ['/health/ready'],
  '/health/live': ['/health/live'],
  '/openapi.json': ['/openapi.json'],
  '/problems': ['/problems'],
  '/problems/{kind}': Object.keys(PROBLEM_KINDS).map((kind) => `/problems/${kind}`),
};

const LISTS = Object.keys(GOOD).filter((path) => /^\/(stats\/(?!global)|pulse\/history)/.test(path));

const each = Object.entries(GOOD).flatMap(([path, requests]) =>
  requests.flatMap((request) => [[request, path] as const, [`/v1${request}`, path] as const]),
);

describe('the document of the API', () => {
  const api = readApiDocument(openapiDocument('upper'));

  it('has an operation for every route, and a test here asks each', () => {
    // Those of the desk, of quality and of the history are asked in desk.test.ts, quality.test.ts and analytics.test.ts.
    const paths = api.operations
      .map(({ path }) => path)
      .filter((path) => !/^\/(?:desk|quality|orders|analytics)(?:\/|$)|\/orders$/.test(path));
    expect(paths.sort()).toEqual(Object.keys(GOOD).sort());
    const ids = api.operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('names nothing it does not hold', () => {
    const named = [...JSON.stringify(api.document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path);
    for (const path of named) {
      const found = path?.split('/').reduce<unknown>((at, key) => Object(at)[key], api.document);
      expect([path, typeof found]).toEqual([path, 'object']);
    }
    expect(named.length).toBeGreaterThan(50);
  });

  it('gives examples that are what it says they are', () => {
    for (const { path, parameters, responses } of api.operations) {
      for (const parameter of parameters) {
        if (parameter.example === undefined) continue;
        expect([path, parameter.name, api.allows(parameter, String(parameter.example))]).toEqual([
          path,
          parameter.name,
          true,
        ]);
      }
      for (const [status, { content = {} }] of Object.entries(responses)) {
        for (const { schema, example } of Object.values(content)) {
          expect([path, status, api.errorsOf(schema, example)]).toEqual([path, status, []]);
        }
      }
    }
  });

  it('describes every parameter and every answer', () => {
    for (const { path, parameters, responses } of api.operations) {
      for (const { name, description } of parameters)
        expect([path, name, description]).toEqual([path, name, expect.stringMatching(/\.$/)]);
      for (const { description } of Object.values(responses)) expect(description).toMatch(/\S/);
    }
  });

  it('names every path parameter of a path', () => {
    for (const { path, parameters } of api.operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
    }
  });
});

describe('answers are what the document says', () => {
  let pipeline: TestPipeline;
  let api: ApiDocument;

  beforeAll(async () => {
    pipeline = await startPipeline({ PARTITIONS: '2' });
    await pipeline.send(
      ...['U0001', 'U0002', 'U0003'].map((user_id) =>
        anOrder({ user_id, order_timestamp: `${today}T00:00:00Z` }),
      ),
      anOrder({ order_id: 'OLD', order_timestamp: '2001-01-02' }),
    );
    await pipeline.settled();
    const { all } = makePartitions(2);
    await Promise.all(all.map((each) => forgetDetail(pipeline.redis.client(), each, '2001-02-01')));
    api = readApiDocument(await pipeline.json('/openapi.json'));
  });
  afterAll(() => pipeline.stop());

  async function receive(path: string, init?: RequestInit) {
    const response = await pipeline.get(path, init);
    return { status: response.status, headers: response.headers, body: await response.text() };
  }

  it.each(each)('%s', async (request, path) => {
    const received = await receive(request);
    expect(received.status).toBe(200);
    expect(api.faults(api.operation(path), received)).toEqual([]);
  });

  it.each(each.filter(([, path]) => LISTS.includes(path)))('%s as CSV', async (request, path) => {
    const received = await receive(request, { headers: { accept: 'text/csv' } });
    expect(received.status).toBe(200);
    expect(api.faults(api.operation(path), received)).toEqual([]);
    expect(received.body.split('\r\n').length).toBeGreaterThan(1);
  });

  it.each([
    ['an unknown user', '/users/nobody/stats', '/users/{user_id}/stats', {}, 404, 'unknown-user'],
    ['the rank of an unknown user', '/users/nobody/rank', '/users/{user_id}/rank', {}, 404, 'unknown-user'],
    ['an unknown kind of problem', '/problems/no-such', '/problems/{kind}', {}, 404, 'not-found'],
    ['a property of every object', '/problems/toString', '/problems/{kind}', {}, 404, 'not-found'],
    ['a wrong parameter', '/stats/top-spenders?limit=0', '/stats/top-spenders', {}, 400, 'invalid-parameter'],
    [
      'a media type there is none of',
      '/stats/global',
      '/stats/global',
      { headers: { accept: 'image/png' } },
      406,
      'not-acceptable',
    ],
    [
      'CSV of what is no list',
      '/stats/global',
      '/stats/global',
      { headers: { accept: 'text/csv' } },
      406,
      'not-acceptable',
    ],
    [
      'a URL that is too long',
      `/stats/global?${'x'.repeat(5_000)}`,
      '/stats/global',
      {},
      414,
      'uri-too-long',
    ],
    [
      'days that are only kept by month',
      '/users/U0001/stats?start_date=2001-01-02&end_date=2001-01-03',
      '/users/{user_id}/stats',
      {},
      400,
      'detail-gone',
    ],
    [
      'more hours than one answer has',
      '/stats/series?granularity=hour&start_date=2025-01-01&end_date=2025-07-28',
      '/stats/series',
      {},
      400,
      'range-too-large',
    ],
    [
      'more points than one answer has',
      `/stats/series?granularity=day&${ALL_DAYS}`,
      '/stats/series',
      {},
      400,
      'range-too-large',
    ],
  ])('%s is the problem it should be', async (_, request, path, init, status, kind) => {
    const received = await receive(request, init as RequestInit);
    expect(received.status).toBe(status);
    expect(api.faults(api.operation(path), received)).toEqual([]);
    expect(JSON.parse(received.body).type).toBe(`/problems/${kind}`);
  });

  it('the document states the most points of a series', async () => {
    const { limit } = await pipeline.json<{ limit: number }>(`/stats/series?granularity=day&${ALL_DAYS}`);
    expect(api.operation('/stats/series').description).toContain(`${limit.toLocaleString('en')} at most`);
  });

  it('a problem names a type that is explained under it', async () => {
    const { type } = await pipeline.json<{ type: string }>('/stats/top-spenders?limit=0');
    expect(await pipeline.json(type)).toEqual({ type, statuses: [400], means: expect.any(String) });
  });

  it('an unchanged answer is a 304 as documented', async () => {
    const { headers } = await receive('/stats/global');
    const received = await receive('/stats/global', {
      headers: { 'if-none-match': headers.get('etag') as string },
    });
    expect(received.status).toBe(304);
    expect(api.faults(api.operation('/stats/global'), received)).toEqual([]);
  });
});

describe('while Redis is away', () => {
  it('answers are still what the document says', async () => {
    let redis = await startTestRedis();
    const pipeline = await startPipeline({}, { role: 'api', redis });
    try {
      const api = readApiDocument(await pipeline.json('/openapi.json'));
      await redis.stop();
      await until(async () => (await pipeline.get('/health')).status === 503, '/health is 503');
      for (const [request, path] of each) {
        const response = await pipeline.get(request);
        const body = await response.text();
        expect([
          request,
          api.faults(api.operation(path), { status: response.status, headers: response.headers, body }),
        ]).toEqual([request, []]);
        const needsRedis = /^\/(stats|users|metrics|pulse|queue|health$|health\/ready)/.test(path);
        expect([request, response.status]).toEqual([request, needsRedis ? 503 : 200]);
      }
    } finally {
      // Connections that wait to try again would outlive the test.
      redis = await startTestRedis([], redis.port);
      await until(async () => (await pipeline.get('/health')).status === 200, '/health is 200 again');
      await pipeline.stop();
      await redis.stop();
    }
  });
});

describe('with keys and a rate limit', () => {
  it('refusals and answers are what the document says', async () => {
    const pipeline = await startPipeline(
      { STATS_API: 'keys', RATE_LIMIT_PER_KEY: '2', AUTH_FAILURES_PER_MINUTE: '2' },
      { role: 'api' },
    );
    try {
      const api = readApiDocument(await pipeline.json('/openapi.json'));
      const store = new KeyStore(pipeline.redis.client());
      const { key } = await store.create({ name: 'test', role: 'read' }, Date.now());
      const asked = async (headers: Record<string, string>) => {
        const response = await pipeline.get('/v1/stats/global', { headers });
        const received = { status: response.status, headers: response.headers, body: await response.text() };
        expect(api.faults(api.operation('/stats/global'), received)).toEqual([]);
        return received;
      };
      const good = await asked({ authorization: `Bearer ${key}` });
      expect([good.status, good.headers.get('ratelimit-policy')]).toEqual([
        200,
        expect.stringMatching(/;q=2;w=60$/),
      ]);
      const etag = good.headers.get('etag') as string;
      expect((await asked({ 'x-api-key': key, 'if-none-match': etag })).status).toBe(304);
      const limited = await asked({ 'x-api-key': key });
      expect([limited.status, limited.headers.has('ratelimit')]).toEqual([429, true]);
      expect((await asked({})).status).toBe(401);
      const wrong = async () => (await asked({ 'x-api-key': 'wrong' })).status;
      expect([await wrong(), await wrong(), await wrong()]).toEqual([401, 401, 429]);
    } finally {
      await pipeline.stop();
    }
  });
});
