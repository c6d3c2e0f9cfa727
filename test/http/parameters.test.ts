import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

const range = (start: string, end: string) => `/stats/by-date?start_date=${start}&end_date=${end}`;

describe('a bad parameter is refused by name', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  async function expectRefusal(path: string, parameter: string): Promise<void> {
    const response = await pipeline.get(path);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const problem = (await response.json()) as Record<string, string>;
    expect(problem).toMatchObject({
      type: expect.stringMatching(/^\/problems\//),
      title: 'Bad Request',
      status: 400,
      detail: expect.any(String),
      parameter,
    });
    expect(problem.detail).toContain(parameter);
    // Whatever was sent comes back clipped, never whole.
    expect(JSON.stringify(problem).length).toBeLessThan(1_000);
  }

  describe.each(['/stats/top-spenders', '/stats/top-buyers'])('limit of %s', (route) => {
    it.each([
      ['zero', 'limit=0', 'limit'],
      ['negative', 'limit=-1', 'limit'],
      ['one too many', 'limit=1001', 'limit'],
      ['a fraction', 'limit=1.5', 'limit'],
      ['an exponent', 'limit=1e2', 'limit'],
      ['hexadecimal', 'limit=0x5', 'limit'],
      ['signed', 'limit=%2B5', 'limit'],
      ['padded', 'limit=%205', 'limit'],
      ['a word', 'limit=abc', 'limit'],
      ['empty', 'limit=', 'limit'],
      ['without a value', 'limit', 'limit'],
      ['given twice', 'limit=1&limit=2', 'limit'],
      ['an array', 'limit[]=1', 'limit[]'],
      ['an object', 'limit[a]=1', 'limit[a]'],
      ['in other digits', `limit=${encodeURIComponent('３')}`, 'limit'],
      ['huge', `limit=${'9'.repeat(400)}`, 'limit'],
      ['in broken percent-encoding', 'limit=%ZZ', 'limit'],
      ['followed by a NUL', 'limit=5%00', 'limit'],
      ['followed by a line feed', 'limit=5%0A', 'limit'],
      ['misspelt', 'limt=3', 'limt'],
      ['named as a property of every object', '__proto__=3', '__proto__'],
      ['in capitals', 'LIMIT=3', 'LIMIT'],
      ['accompanied by an unknown one', 'limit=3&offset=3', 'offset'],
    ])('%s', (_, query, parameter) => expectRefusal(`${route}?${query}`, parameter));
  });

  describe('dates', () => {
    it.each([
      ['none', '/stats/by-date', 'start_date'],
      ['no end', '/stats/by-date?start_date=2025-08-01', 'end_date'],
      ['no start', '/stats/by-date?end_date=2025-08-01', 'start_date'],
      ['empty', range('', '2025-08-01'), 'start_date'],
      ['a day that does not exist', range('2024-02-30', '2024-03-01'), 'start_date'],
      ['a leap day of another year', range('2025-02-01', '2025-02-29'), 'end_date'],
      ['a 13th month', range('2024-13-01', '2025-01-01'), 'start_date'],
      ['year 0', range('0000-01-01', '2025-01-01'), 'start_date'],
      ['year 10000', range('2024-01-01', '10000-01-01'), 'end_date'],
      ['one digit short', range('2025-8-1', '2025-08-09'), 'start_date'],
      ['a date and time', range('2025-08-01T00:00:00Z', '2025-08-09'), 'start_date'],
      ['day first', range('01-08-2025', '2025-08-09'), 'start_date'],
      ['a word', range('today', '2025-08-09'), 'start_date'],
      ['other digits', range(encodeURIComponent('２０２５-08-01'), '2025-08-09'), 'start_date'],
      ['followed by a NUL', range('2025-08-01%00', '2025-08-09'), 'start_date'],
      ['followed by a line feed', range('2025-08-01%0A', '2025-08-09'), 'start_date'],
      ['start after end', range('2025-08-09', '2025-08-01'), 'start_date'],
      ['start twice', `${range('2025-08-01', '2025-08-09')}&start_date=2025-08-02`, 'start_date'],
      ['end twice', `${range('2025-08-01', '2025-08-09')}&end_date=2025-08-09`, 'end_date'],
      ['accompanied by an unknown one', `${range('2025-08-01', '2025-08-09')}&user=1`, 'user'],
    ])('%s', (_, path, parameter) => expectRefusal(path, parameter));

    it('names both when both are wrong', async () => {
      const { errors } = await pipeline.json<{ errors: unknown }>(range('2024-02-30', 'x'));
      expect(errors).toEqual([
        { parameter: 'start_date', rule: 'format', message: expect.any(String), received: '2024-02-30' },
        { parameter: 'end_date', rule: 'format', message: expect.any(String), received: 'x' },
      ]);
    });
  });

  describe('user_id', () => {
    it.each([
      ['4,000 characters', `/users/${'x'.repeat(4_000)}/stats`],
      ['129 characters', `/users/${'x'.repeat(129)}/stats`],
      ['blank', '/users/%20/stats'],
      ['a NUL', '/users/U%001/stats'],
      ['a bell', '/users/U%071/stats'],
      ['a line feed inside', '/users/U%0A1/stats'],
      ['a delete character', '/users/U%7F1/stats'],
      ['a C1 control character', '/users/U%C2%851/stats'],
      ['broken percent-encoding', '/users/%E0%A4%A/stats'],
      ['percent-encoding of no UTF-8', '/users/%FF%FE/stats'],
    ])('%s', (_, path) => expectRefusal(path, 'user_id'));

    it.each([10_240, 15_000])('of %d characters makes the path too long', async (length) => {
      const response = await pipeline.get(`/users/${'x'.repeat(length)}/stats`);
      expect(response.status).toBe(414);
      expect(await response.json()).toMatchObject({ type: '/problems/uri-too-long', status: 414 });
    });

    it('of 128 characters is taken', async () => {
      expect((await pipeline.get(`/users/${'x'.repeat(128)}/stats`)).status).toBe(404);
    });
  });

  it.each([
    '/stats/global',
    '/metrics',
    '/users/U1/stats',
    '/users/U1/rank',
    '/queue',
    '/v1/queue',
    '/openapi.json',
    '/problems',
  ])('a parameter of %s, which has none of that name', (route) => expectRefusal(`${route}?limit=3`, 'limit'));

  it('a parameter of the path in the query', () => expectRefusal('/users/U1/stats?user_id=U2', 'user_id'));

  describe.each(['/users/U1/stats', '/stats/top-spenders', '/stats/top-buyers', '/v1/stats/top-buyers'])(
    'the range of %s, which may be left out',
    (route) => {
      it.each([
        ['a start alone', 'start_date=2025-08-01', 'end_date'],
        ['an end alone', 'end_date=2025-08-01', 'start_date'],
        ['a start that is wrong, alone', 'start_date=2025-02-30', 'start_date'],
        ['both, the first wrong', 'start_date=2025-02-30&end_date=2025-08-01', 'start_date'],
        ['both, in the wrong order', 'start_date=2025-08-02&end_date=2025-08-01', 'start_date'],
        ['a start beside an empty end', 'start_date=2025-08-01&end_date=', 'end_date'],
      ])('%s', (_, query, parameter) => expectRefusal(`${route}?${query}`, parameter));
    },
  );

  describe('user_id in a query', () => {
    const asked = (id: string) => `${range('2025-08-01', '2025-08-09')}&user_id=${id}`;
    it.each([
      ['empty', asked('')],
      ['blank', asked('+%20')],
      ['129 characters', asked('x'.repeat(129))],
      ['a NUL', asked('U%001')],
      ['a line feed inside', asked('U%0A1')],
      ['given twice', `${asked('U1')}&user_id=U2`],
      ['broken percent-encoding', asked('%E0%A4%A')],
      ['percent-encoding of no UTF-8', asked('%FF%FE')],
    ])('%s', (_, path) => expectRefusal(path, 'user_id'));
  });

  describe('granularity', () => {
    const series = (query: string) => `/stats/series?start_date=2025-08-01&end_date=2025-08-09${query}`;
    it.each([
      ['missing', series('')],
      ['empty', series('&granularity=')],
      ['in capitals', series('&granularity=DAY')],
      ['in minutes', series('&granularity=minute')],
      ['given twice', series('&granularity=day&granularity=day')],
      ['a property of every object', series('&granularity=constructor')],
    ])('%s', (_, path) => expectRefusal(path, 'granularity'));

    it('an hour of one user', async () => {
      await expectRefusal(series('&granularity=hour&user_id=U1'), 'user_id');
      expect(await pipeline.json(series('&granularity=hour&user_id=U1'))).toMatchObject({
        detail: 'user_id cannot be given with granularity hour: hours are kept of all users together',
        errors: [{ rule: 'unknown', received: 'U1' }],
      });
    });

    it('an hour of new users', () =>
      expectRefusal(
        '/stats/users?start_date=2025-08-01&end_date=2025-08-09&granularity=hour',
        'granularity',
      ));
  });

  describe('limit and cursor of the users of a range', () => {
    const users = (query: string) =>
      `/stats/users-by-date?start_date=2025-08-01&end_date=2025-08-09&${query}`;
    it.each([
      ['no limit at all', users('limit=0'), 'limit'],
      ['too high a limit', users('limit=1001'), 'limit'],
      ['an empty cursor', users('cursor='), 'cursor'],
      ['a cursor of other characters', users('cursor=%21%21'), 'cursor'],
      ['a made-up cursor', users('cursor=bm90IGEgY3Vyc29yIG9mIG91cnMsIHJlYWxseQ'), 'cursor'],
      ['a cursor given twice', users('cursor=a&cursor=b'), 'cursor'],
      ['a cursor longer than any of ours', users(`cursor=${'a'.repeat(1_001)}`), 'cursor'],
    ])('%s', (_, path, parameter) => expectRefusal(path, parameter));
  });

  it.each([
    ['required', '/stats/by-date?end_date=2025-08-01', 'start_date', undefined],
    ['required', '/stats/top-buyers?start_date=2025-08-01', 'end_date', undefined],
    ['unknown', '/stats/top-buyers?limt=3', 'limt', '3'],
    ['unknown', '/stats/top-buyers?limit[]=3', 'limit[]', '3'],
    ['repeated', '/stats/top-buyers?limit=3&limit=4', 'limit', '3,4'],
    ['format', '/stats/top-buyers?limit=1.5', 'limit', '1.5'],
    ['format', range('2024-02-30', '2024-03-01'), 'start_date', '2024-02-30'],
    ['range', '/stats/top-buyers?limit=1001', 'limit', '1001'],
    ['range', range('2025-08-09', '2025-08-01'), 'start_date', '2025-08-09'],
    ['length', '/users/%20/stats', 'user_id', ' '],
    ['length', `/users/${'x'.repeat(129)}/stats`, 'user_id', `${'x'.repeat(57)}…`],
    ['characters', '/users/U%071/stats', 'user_id', 'U\u00071'],
    ['encoding', '/users/%FF/stats', 'user_id', undefined],
    ['encoding', '/stats/top-buyers?limit=%ZZ', 'limit', undefined],
    ['cursor', `/stats/users-by-date?start_date=2025-08-01&end_date=2025-08-09&cursor=x`, 'cursor', 'x'],
  ])('the rule is %s for %s', async (rule, path, parameter, received) => {
    const { errors } = await pipeline.json<{ errors: unknown }>(path);
    expect(errors).toEqual([
      { parameter, rule, message: expect.any(String), ...(received === undefined ? {} : { received }) },
    ]);
  });

  it('names what is wrong in the path and in the query at once', async () => {
    const { errors } = await pipeline.json<{ errors: { parameter: string }[] }>(
      '/users/%20/stats?x=1&start_date=y',
    );
    expect(errors.map(({ parameter }) => parameter).sort()).toEqual([
      'end_date',
      'start_date',
      'user_id',
      'x',
    ]);
  });

  it.each([
    ['with a length', { headers: { 'content-length': '7' } }, '{"a":1}'],
    ['in chunks', { headers: { 'transfer-encoding': 'chunked' } }, '{"a":1}'],
    [
      'of a type nobody reads',
      { headers: { 'content-type': 'application/xml', 'content-length': '4' } },
      '<a/>',
    ],
  ])('a body of a GET, %s', async (_, { headers }, body) => {
    const { status, text } = await getWithBody(`${pipeline.url}/stats/global`, headers, body);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ type: '/problems/unexpected-body', status: 400 });
  });
});

/** fetch refuses to send one. */
function getWithBody(
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'GET', headers, agent: false }, async (response) => {
      resolve({ status: response.statusCode, text: await text(response) });
    })
      .on('error', reject)
      .end(body);
  });
}
