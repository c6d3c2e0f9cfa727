import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import { bornAsExpress } from '../../src/http/transport/bornAsExpress.ts';

/** What a request and its answer inherit from before Express sees them and while a route does, and what the route says. */
interface Seen {
  before: object[];
  during: object[];
  text: string;
}

describe('requests born as Express wants them', () => {
  let server: Server | undefined;
  afterEach(() => void server?.close());

  async function see(born: boolean): Promise<Seen> {
    const app = express();
    const options = born ? bornAsExpress(app) : {};
    const seen: Seen = { before: [], during: [], text: '' };
    app.get('/', (request, response) => {
      seen.during = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)];
      response.json({ path: request.path, ip: request.ip, accepts: request.accepts('json') });
    });
    server = createServer(options, (request, response) => {
      seen.before = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)];
      app(request, response);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    seen.text = await answer.text();
    return seen;
  }

  it('keep the prototype that they were made with', async () => {
    const { before, during } = await see(true);
    expect(during[0]).toBe(before[0]);
    expect(during[1]).toBe(before[1]);
  });

  it('answer as they would without', async () => {
    const text = JSON.stringify({ path: '/', ip: '127.0.0.1', accepts: 'json' });
    expect((await see(true)).text).toBe(text);
    server?.close();
    expect((await see(false)).text).toBe(text);
  });

  // When this fails, Express no longer does what bornAsExpress.ts is for: delete the trick.
  it('would be given another one by Express', async () => {
    const { before, during } = await see(false);
    expect(before).toEqual([IncomingMessage.prototype, ServerResponse.prototype]);
    expect(during[0]).not.toBe(before[0]);
    expect(during[1]).not.toBe(before[1]);
  });
});
