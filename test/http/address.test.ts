import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { addressOf } from '../../src/http/transport/caller.ts';
import { type HttpServer, startHttpServer } from '../../src/http/transport/server.ts';

describe('the address a request counts against, behind a proxy that is believed', () => {
  let server: HttpServer;
  beforeAll(async () => {
    const app = express();
    app.set('trust proxy', 1);
    app.get('/', (request, response) => {
      response.send(addressOf(request));
    });
    server = await startHttpServer(app, { host: '127.0.0.1', port: 0 });
  });
  afterAll(() => server.stop());

  async function counted(forwardedFor: string): Promise<string> {
    const headers = { 'x-forwarded-for': forwardedFor, connection: 'close' };
    return (await fetch(server.url, { headers })).text();
  }

  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['203.0.113.1, 198.51.100.7', '198.51.100.7'],
    ['198.51.100.7:50123', '198.51.100.7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['[::ffff:198.51.100.7]:50123', '198.51.100.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['[2001:db8:1:2:3:4:5:6]', '2001:db8:1:2'],
    ['[2001:db8:1:2::6]:50123', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
  ])('is %s without its port, and the network of an IPv6 address', async (forwardedFor, address) => {
    expect(await counted(forwardedFor)).toBe(address);
  });

  it.each(['unknown', '_hidden', '198.51.100.7:x', '198.51.100.999', '[198.51.100.7', 'a'.repeat(100)])(
    'is that of the connection when the proxy names none: %s',
    async (forwardedFor) => {
      expect(await counted(forwardedFor)).toBe('127.0.0.1');
    },
  );
});
