import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { type HttpServer, startHttpServer } from '../../src/http/transport/server.ts';
import { until } from '../support/until.ts';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const ANSWER = 'x'.repeat(141_000);
/** What the kernel of either end may hold of an unread connection, and then some. */
const MOST_UNREAD = 16_000_000;

describe('requests sent without waiting for answers', () => {
  let server: HttpServer;
  let sockets: Socket[];
  let taken: number;
  let atWork: number;
  let mostAtWork: number;

  beforeEach(async () => {
    sockets = [];
    [taken, atWork, mostAtWork] = [0, 0, 0];
    const app = express();
    app.use(async (request, response) => {
      taken += 1;
      atWork += 1;
      mostAtWork = Math.max(mostAtWork, atWork);
      // As an answer that needs Redis: it comes when the rest of the chunk has been looked at.
      await turn();
      atWork -= 1;
      const body: Buffer[] = [];
      for await (const chunk of request) body.push(chunk);
      response.setHeader('X-Asked', `${request.method} ${request.url} ${Buffer.concat(body)}`);
      response.end(request.url.startsWith('/small') ? 'small' : ANSWER);
    });
    server = await startHttpServer(app, { host: '127.0.0.1', port: 0, mostWaiting: 20_000 });
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await server.stop();
  });

  function open(): Socket {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  /** Resolves when nothing has been taken for several rounds of another connection. */
  async function quiet(): Promise<void> {
    let before = -1;
    await until(async () => {
      const unchanged = taken === before;
      before = taken;
      for (let i = 0; i < 5; i += 1) await (await fetch(`${server.url}/small`)).text();
      before += 5;
      return unchanged;
    }, 'no more requests are taken');
  }

  it('are taken from a connection that nobody reads only as far as its answers have left', async () => {
    const unread = Array.from({ length: 20 }, () => {
      const socket = open();
      socket.pause();
      socket.write(GET.repeat(1_000));
      return socket;
    });
    await until(() => taken >= unread.length, 'some are answered');
    await quiet();
    expect(taken * ANSWER.length).toBeLessThan(unread.length * MOST_UNREAD);
    expect(mostAtWork).toBeLessThanOrEqual(unread.length + 1);
    // Most of them were not: the bound above is not there by chance.
    expect(taken).toBeLessThan(unread.length * 500);
  });

  it('are all answered, in their order, when the answers are read', async () => {
    const socket = open();
    const count = 500;
    socket.write(Array.from({ length: count }, (_, index) => GET.replace('/', `/small/${index}`)).join(''));
    const asked = await headersOf(socket, count);
    expect(asked).toEqual(Array.from({ length: count }, (_, index) => `GET /small/${index} `));
  });

  it('go on when somebody begins to read', async () => {
    const socket = open();
    socket.pause();
    socket.write(GET.repeat(300));
    await until(() => taken > 0, 'the first is taken');
    await quiet();
    expect((await headersOf(socket, 300)).length).toBe(300);
  });

  it('keep their bodies', async () => {
    const socket = open();
    const post = (index: number, length: number) =>
      `POST /small/${index} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${'b'.repeat(length)}`;
    const lengths = [1, 70_000, 0, 200_000, 3];
    for (const [index, length] of lengths.entries()) socket.write(post(index, length));
    const asked = await headersOf(socket, lengths.length);
    expect(asked.map((each) => each.length)).toEqual(
      lengths.map((length, index) => `POST /small/${index} `.length + length),
    );
  });

  it('do not hold up another connection', async () => {
    const socket = open();
    socket.pause();
    socket.write(GET.repeat(1_000));
    await until(() => taken > 0, 'the first is taken');
    const response = await fetch(`${server.url}/small`);
    expect(await response.text()).toBe('small');
  });

  it('get no answer that belongs to a tunnel asked for behind them', async () => {
    const socket = open();
    socket.write(`${GET.repeat(3)}CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(await text(socket)).not.toContain('405');
  });

  it('are forgotten with a connection that is reset', async () => {
    for (let i = 0; i < 10; i += 1) {
      const socket = open();
      socket.pause();
      socket.write(GET.repeat(1_000));
      const before = taken;
      await until(() => taken > before, 'one is taken');
      socket.resetAndDestroy();
    }
    const socket = open();
    socket.write(GET.replace('/', '/small').repeat(100));
    expect((await headersOf(socket, 100)).length).toBe(100);
  });
});

describe('requests that wait on all connections together', () => {
  it('are bounded: the connection that brings one too many is closed, others are not', async () => {
    const app = express();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    app.use(async (_request, response) => {
      await held;
      response.end('answered');
    });
    const server = await startHttpServer(app, { host: '127.0.0.1', port: 0, mostWaiting: 100 });
    const port = Number(new URL(server.url).port);
    const socketOf = () => connect(port, '127.0.0.1').on('error', () => {});
    const [modest, greedy] = [socketOf(), socketOf()];
    modest.write(GET.repeat(50));
    const closed = new Promise<void>((resolve) => greedy.once('close', () => resolve()));
    greedy.resume().write(GET.repeat(1_000));
    await closed;
    release();
    expect((await headersOf(modest, 50, /answered/g)).length).toBe(50);
    modest.destroy();
    await server.stop();
  });
});

/** What the server says it was asked, once so many answers have come. */
async function headersOf(socket: Socket, count: number, pattern = /X-Asked: ([^\r]*)\r/g): Promise<string[]> {
  const found: string[] = [];
  let rest = '';
  for await (const chunk of socket) {
    rest += chunk;
    for (const match of rest.matchAll(pattern)) found.push(match[1] ?? match[0]);
    const end = [...rest.matchAll(pattern)].map(({ index, 0: text }) => index + text.length).at(-1);
    rest = rest.slice(end ?? 0);
    if (found.length >= count) break;
  }
  return found;
}
