import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

const tenKilobytes = 'x'.repeat(10_240);
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
      ['10 kB long', `/users/${tenKilobytes}/stats`],
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

    it('of 128 characters is taken', async () => {
      expect((await pipeline.get(`/users/${'x'.repeat(128)}/stats`)).status).toBe(404);
    });
  });

  it.each(['/stats/global', '/metrics', '/users/U1/stats'])('a parameter of %s, which has none', (route) =>
    expectRefusal(`${route}?limit=3`, 'limit'),
  );
});
