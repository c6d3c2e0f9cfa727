import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

const basic = (user: string, password: string) => ({
  headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
});

const ADMIN_PATHS = [
  '/admin/queues',
  '/admin/queues/',
  '/admin/queues/api/queues',
  '/admin/queues/static/favicon.ico',
];

/** Reads the body to its end as well: the connection of an unread one stays open. */
async function statusOf(answer: Promise<Response>): Promise<number> {
  const response = await answer;
  await response.arrayBuffer();
  return response.status;
}

describe("the operators' pages with credentials set", () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({ ADMIN_USER: 'ops', ADMIN_PASSWORD: 'pass:wörd' }, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  it.each(ADMIN_PATHS)('%s asks for them', async (path) => {
    const response = await pipeline.get(path);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(response.headers.get('x-process-time')).not.toBeNull();
    expect(await response.json()).toMatchObject({ status: 401, detail: expect.any(String) });
  });

  it.each([
    ['a wrong password', basic('ops', 'wrong')],
    ['a wrong user', basic('root', 'pass:wörd')],
    ['no password', basic('ops', '')],
    ['both empty', basic('', '')],
    ['the password cut at its colon', basic('ops', 'pass')],
    ['another scheme', { headers: { authorization: 'Bearer pass:wörd' } }],
    ['a header that is no base64', { headers: { authorization: 'Basic !!!' } }],
    ['the right ones in capitals', basic('OPS', 'PASS:WÖRD')],
  ])('%s is refused', async (_, init) => {
    expect(await statusOf(pipeline.get('/admin/queues', init))).toBe(401);
  });

  it('refuses to change anything without them', async () => {
    expect(await statusOf(pipeline.get('/admin/queues/api/queues/pause', { method: 'PUT' }))).toBe(401);
    expect(await pipeline.queues[0]?.isPaused()).toBe(false);
  });

  it('asks for them below /admin where nobody serves anything, too', async () => {
    expect(await statusOf(pipeline.get('/admin/nothing'))).toBe(401);
    expect(await statusOf(pipeline.get('/admin/nothing', basic('ops', 'pass:wörd')))).toBe(404);
  });

  it.each(ADMIN_PATHS)('%s opens with them', async (path) => {
    expect(await statusOf(pipeline.get(path, basic('ops', 'pass:wörd')))).toBe(200);
  });

  it.each([...ADMIN_PATHS, '/admin', '/admin/nothing', '/admin/queues/api/nothing'])(
    'nothing that %s answers may be stored, refused or not',
    async (path) => {
      for (const init of [{}, basic('ops', 'pass:wörd')]) {
        const response = await pipeline.get(path, { ...init, redirect: 'manual' });
        await response.arrayBuffer();
        expect([path, response.headers.get('cache-control')]).toEqual([path, 'no-store']);
      }
    },
  );

  it.each([
    ['/ADMIN/queues', '/admin/queues/'],
    ['/Admin/Queues/queue/orders/A-1?status=failed', '/admin/queues/queue/orders/A-1?status=failed'],
    ['/admin/QUEUES//elsewhere.example', '/admin/queues//elsewhere.example'],
  ])('%s leads to where its page works', async (path, at) => {
    const response = await pipeline.get(path, { redirect: 'manual' });
    await response.arrayBuffer();
    expect([response.status, response.headers.get('location')]).toEqual([308, at]);
  });

  it('leaves health and stats to everyone', async () => {
    expect(await statusOf(pipeline.get('/health'))).toBe(200);
    expect(await statusOf(pipeline.get('/stats/global'))).toBe(200);
  });
});

describe("the operators' pages without credentials set", () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  it.each(ADMIN_PATHS)('%s is open', async (path) => {
    expect(await statusOf(pipeline.get(path))).toBe(200);
  });
});
