import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';

const READ_ROUTES = [
  '/health',
  '/metrics',
  '/stats/global',
  '/stats/top-spenders',
  '/stats/top-buyers',
  '/stats/by-date?start_date=2024-01-01&end_date=2024-12-31',
];

describe('the HTTP surface', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  it.each(['/stats', '/stats/global/more', '/users', '/users/U1', '/users//stats', '/.env', '/admin/more'])(
    'there is nothing at %s',
    async (path) => {
      const response = await pipeline.get(path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(await response.json()).toMatchObject({
        status: 404,
        title: 'Not Found',
        detail: expect.any(String),
      });
    },
  );

  it.each(['/', '/v1', '/v1/?a=1'])('%s says where to go on', async (path) => {
    expect(await (await pipeline.get(path)).json()).toMatchObject({ pulse: 'pulse', docs: 'docs' });
  });

  it.each([['/admin', '/admin/queues']])('%s leads to %s', async (path, target) => {
    const response = await pipeline.get(path);
    await response.arrayBuffer();
    expect([new URL(response.url).pathname, response.status]).toEqual([target, 200]);
  });

  it('there is no icon, and no error that a browser would report of it', async () => {
    expect((await pipeline.get('/favicon.ico')).status).toBe(204);
  });

  it.each(
    READ_ROUTES.flatMap((path) =>
      ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => [method, path]),
    ),
  )('%s %s is refused, saying what is allowed', async (method, path) => {
    const response = await pipeline.get(path as string, { method: method as string });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await response.json()).toMatchObject({
      status: 405,
      detail: expect.stringContaining(method as string),
    });
  });

  it.each(READ_ROUTES)('HEAD %s has the headers of GET and no body', async (path) => {
    const head = await pipeline.get(path, { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(head.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await head.text()).toBe('');
  });

  describe.each([
    ['a success', '/stats/global', {}, 200],
    ['a health check', '/health', {}, 200],
    ['a bad parameter', '/stats/top-spenders?limit=0', {}, 400],
    ['a broken path', '/users/%E0%A4%A/stats', {}, 400],
    ['an unknown user', '/users/nobody/stats', {}, 404],
    ['an unknown route', '/nothing', {}, 404],
    ['a wrong method', '/stats/global', { method: 'POST' }, 405],
    ['the Bull Board page', '/admin/queues', {}, 200],
    ['Bull Board without its slash', '/admin/queues/', {}, 200],
    ['a Bull Board asset', '/admin/queues/static/images/logo.svg', {}, 200],
    ['a missing Bull Board asset', '/admin/queues/static/nothing.js', {}, 404],
    ['the Bull Board API', '/admin/queues/api/queues', {}, 200],
    ['an unknown queue of Bull Board', '/admin/queues/api/queues/nothing/1', {}, 404],
  ] as const)('%s', (_, path, init, status) => {
    let response: Response;
    beforeAll(async () => {
      response = await pipeline.get(path, init);
    });

    it(`is answered with ${status} and says how long it took`, () => {
      expect(response.status).toBe(status);
      const seconds = response.headers.get('x-process-time') ?? '';
      expect(seconds).toMatch(/^\d+\.\d+$/);
      expect(Number(seconds)).toBeLessThan(60);
    });

    it('does not say what it is built with', async () => {
      expect(response.headers.get('x-powered-by')).toBeNull();
      expect(response.headers.get('server')).toBeNull();
      expect(await response.text()).not.toMatch(/node_modules|\bat .*:\d+:\d+|Error:/);
    });

    it('tells browsers not to guess types and not to show it in a frame', () => {
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    });
  });

  it('a body that is not JSON sent to the Bull Board API leaks no stack', async () => {
    const response = await pipeline.get('/admin/queues/api/queues/orders/1/update-data', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"jobData":',
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('x-process-time')).not.toBeNull();
    expect(await response.text()).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
  });

  it.each([
    ['nothing like HTTP', 'HELO\r\n\r\n', 400],
    ['a version nobody speaks', 'GET / HTTP/9.9\r\n\r\n', 400],
    [
      'a path longer than Node reads',
      `GET /users/${'x'.repeat(20_000)}/stats HTTP/1.1\r\nHost: x\r\n\r\n`,
      431,
    ],
  ])('%s is refused in the same form', async (_, request, status) => {
    const socket = connect(Number(new URL(pipeline.url).port), '127.0.0.1');
    socket.write(request);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toMatch(/^Content-Type: application\/problem\+json/m);
    expect(head).toMatch(/^X-Process-Time: /m);
    expect(JSON.parse(body)).toMatchObject({ status, detail: expect.any(String) });
  });

  it.each([
    ['a request without a Host', 'GET /stats/global HTTP/1.1\r\n\r\n', 400],
    ['a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
  ])('%s is refused in the same form', async (_, request, status) => {
    const socket = connect(Number(new URL(pipeline.url).port), '127.0.0.1');
    socket.write(`${request}\0\r\n\r\n`);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toMatch(/^Content-Type: application\/problem\+json/m);
    expect(JSON.parse(body)).toMatchObject({ status, detail: expect.any(String) });
  });

  it.each([
    ['another protocol', 'Upgrade: h2c\r\nConnection: Upgrade'],
    ['something nobody knows to expect', 'Expect: everything'],
  ])('who would rather have %s is answered all the same, also the next time', async (_, header) => {
    const socket = connect(Number(new URL(pipeline.url).port), '127.0.0.1');
    const chunks = socket[Symbol.asyncIterator]();
    const ask = async (headers: string) => {
      socket.write(`GET /stats/global HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`);
      return String((await chunks.next()).value).split('\r\n', 1)[0];
    };
    expect(await ask(header)).toBe('HTTP/1.1 200 OK');
    expect(await ask('Accept: */*')).toBe('HTTP/1.1 200 OK');
    socket.destroy();
  });

  it('many requests over one kept-open connection are each answered', async () => {
    const socket = connect(Number(new URL(pipeline.url).port), '127.0.0.1');
    const request = (last: boolean) =>
      `GET /stats/global HTTP/1.1\r\nHost: x\r\nConnection: ${last ? 'close' : 'keep-alive'}\r\n\r\n`;
    socket.write(request(false).repeat(20) + request(true));
    const answers = await text(socket);
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(21);
    expect(answers.match(/X-Process-Time/gi)).toHaveLength(21);
  });
});
