import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { serveParent } from '../support/child.ts';

/* What our routes are measured against, in a process of its own: the least that Node and Express can do. */

export type ContenderRequest = { do: 'start'; contender: Contender } | { do: 'usage' };
export type Contender = 'bare http' | 'empty Express route';

/** As long as what the stats answer. */
const ANSWER = { total_orders: 1_234, total_revenue: 56_789.01 };

serveParent(async (request: ContenderRequest) => {
  if (request.do === 'usage') {
    const { user, system } = process.cpuUsage();
    return { cpuMicroseconds: user + system };
  }
  const server = request.contender === 'bare http' ? bareHttp() : emptyExpress();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

function bareHttp() {
  return createServer((_request, response) => {
    const body = JSON.stringify(ANSWER);
    response.setHeader('Content-Type', 'application/json; charset=utf-8');
    response.setHeader('Content-Length', Buffer.byteLength(body));
    response.end(body);
  });
}

function emptyExpress() {
  const app = express();
  app.get('/', (_request, response) => {
    response.json(ANSWER);
  });
  return createServer(app);
}
