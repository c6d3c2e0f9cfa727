import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { type HttpServer, startHttpServer } from '../../src/http/transport/server.ts';
import { startPipeline, type TestPipeline } from '../support/pipeline.ts';
import { until } from '../support/until.ts';

const GET = 'GET /stats/global HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';

describe('what is too large', () => {
  let pipeline: TestPipeline;
  beforeAll(async () => {
    pipeline = await startPipeline({}, { role: 'api' });
  });
  afterAll(() => pipeline.stop());

  /** Everything that comes back for these bytes. The connection must end by itself. */
  async function send(...chunks: string[]): Promise<{ status: number; body: Record<string, unknown> }> {
    const socket = connect(Number(new URL(pipeline.url).port), '127.0.0.1');
    socket.on('error', () => {});
    for (const chunk of chunks) socket.write(chunk);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    expect(head).toMatch(/^content-type: application\/problem\+json/im);
    return { status: Number(head.split(' ')[1]), body: JSON.parse(body) };
  }

  it.each([
    ['a path of 5 kB', GET.replace('global', 'x'.repeat(5_000)), 414, 'uri-too-long'],
    ['a query of 5 kB', GET.replace('global', `global?${'x'.repeat(5_000)}`), 414, 'uri-too-long'],
    [
      'an id of 10 kB',
      GET.replace('/stats/global', `/users/${'x'.repeat(10_000)}/stats`),
      414,
      'uri-too-long',
    ],
    ['headers of 20 kB', `${GET}X-Long: ${'x'.repeat(20_000)}\r\n`, 431, 'headers-too-large'],
    ['a path of 20 kB', GET.replace('global', 'x'.repeat(20_000)), 431, 'headers-too-large'],
    ['a body of 2 MB announced', `${GET}Content-Length: 2000000\r\n`, 413, 'content-too-large'],
  ])('%s is refused before it is looked at', async (_, request, status, kind) => {
    const { status: answered, body } = await send(request, '\r\n');
    expect(answered).toBe(status);
    expect(body).toMatchObject({ type: `/problems/${kind}`, status });
  });

  it('a client that goes on sending a body too large is not cut off before it has read why', async () => {
    const { hostname, port } = new URL(pipeline.url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setEncoding('utf8').on('data', (some) => {
      text += some;
    });
    const cut = once(socket, 'close').then(() => 'cut off');
    const answers = (count: number) =>
      until(async () => text.split('HTTP/1.1 ').length > count || socket.closed, `${count} answers`);
    socket.write('POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n');
    await answers(1);
    socket.write('x'.repeat(4_000_000));
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await answers(2);
    await cut;
    expect([...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual(['413', '200']);
  });

  it('an order edited in Bull Board may be as large as a message, and no larger', async () => {
    const edit = async (bytes: number) => {
      const response = await pipeline.get('/admin/queues/api/queues/orders/1/update-data', {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jobData: { text: 'x'.repeat(bytes) } }),
      });
      return { status: response.status, body: await response.text() };
    };
    // There is no such job: but the body was read.
    expect((await edit(250_000)).status).toBe(404);
    expect((await edit(270_000)).status).toBe(413);
    const refused = await edit(5_000_000);
    expect(refused.status).toBe(413);
    expect(refused.body).not.toMatch(/node_modules|\bat .*:\d+:\d+|PayloadTooLarge/);
  });
});

describe('a client that takes its time', () => {
  let server: HttpServer;
  let sockets: Socket[] = [];
  let refused = 0;
  beforeAll(async () => {
    const app = express();
    app.get('/', (_request, response) => {
      response.send('served');
    });
    server = await startHttpServer(app, {
      host: '127.0.0.1',
      port: 0,
      maxConnections: 5,
      headersTimeoutMs: 200,
      requestTimeoutMs: 400,
      onConnectionRefused: () => {
        refused += 1;
      },
    });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
    await until(async () => (await served()) === 200, 'there is room again');
  });

  const open = (): Socket => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };

  async function served(): Promise<number> {
    const response = await fetch(server.url, { headers: { connection: 'close' } }).catch(() => undefined);
    await response?.text();
    return response?.status ?? 0;
  }

  it.each([
    ['with its first byte', ''],
    ['with its headers', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['with its body', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n'],
  ])('%s is told so and let go', async (_, beginning) => {
    const socket = open();
    socket.write(beginning);
    const answer = await text(socket);
    expect(answer).toMatch(/HTTP\/1\.1 (408|200) /);
    if (!beginning.endsWith('\r\n\r\n')) expect(answer).toContain('/problems/request-timeout');
    expect(socket.destroyed || socket.readableEnded).toBe(true);
  });

  it('a byte at a time is let go as well', async () => {
    const socket = open();
    const drip = setInterval(() => socket.writable && socket.write('x'), 20);
    socket.write('GET / HTTP/1.1\r\nX-Slow: ');
    expect(await text(socket)).toContain('408 Request Timeout');
    clearInterval(drip);
  });

  it('leaves room for others once it is let go, however many it is', async () => {
    for (let i = 0; i < 20; i += 1) open().write('GET / HTTP/1.1\r\nX-Slow: ');
    await until(() => refused > 0, 'connections beyond the bound are refused');
    await until(async () => (await served()) === 200, 'somebody else is served');
  });

  it('gives up an idle connection for one that wants something', async () => {
    for (let i = 0; i < 5; i += 1) {
      const socket = open();
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await once(socket, 'data');
    }
    await until(async () => (await served()) === 200, 'somebody else is served');
  });
});
