import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import { startHttpServer } from '../../src/http/transport/server.ts';

const HEAD = 'HTTP/1.1\r\nHost: x\r\n';

// Nobody but the server itself can handle what goes wrong on its connections: what it leaves ends the process.
describe('a client that asks and hangs up with a reset', () => {
  it.each([
    ['a tunnel', `CONNECT x:1 ${HEAD}\r\n`],
    ['another protocol', `GET / ${HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    ['to be told to continue', `POST / ${HEAD}Content-Length: 9\r\nExpect: 100-continue\r\n\r\n`],
    ['for what nobody knows', `GET / ${HEAD}Expect: more\r\n\r\n`],
    ['in another language', 'HELO x\r\n\r\n'],
    ['for a page', `GET / ${HEAD}\r\n`],
  ])('ends nothing but its connection: %s', async (_, request) => {
    const app = express();
    app.get('/', (_request, response) => {
      response.send('served');
    });
    const server = await startHttpServer(app, { host: '127.0.0.1', port: 0 });
    const port = Number(new URL(server.url).port);
    for (const moment of ['connect', 'data']) {
      for (let i = 0; i < 10; i += 1) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        socket.write(request);
        await once(socket, moment);
        socket.resetAndDestroy();
      }
    }
    expect(await (await fetch(server.url, { headers: { connection: 'close' } })).text()).toBe('served');
    // All connections are gone by then, so whatever was to come of them has come.
    await server.stop();
  });
});
