import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { serveParent } from '../support/child.ts';

/* What our routes are measured against, in a process of its own: the least that Node and Express can do. */

export type ContenderRequest = { do: 'start'; contender: Contender; length?: number } | { do: 'usage' };
export type Contender = 'bare http' | 'empty Express route' | 'Express route of some length';

/** As long as what the stats answer. */
const ANSWER = { total_orders: 1_234, total_revenue: 56_789.01 };

serveParent(async (request: ContenderRequest) => {
  if (request.do === 'usage') {
    const { user, system } = process.cpuUsage();
    return { cpuMicroseconds: user + system, rss: process.memoryUsage.rss() };
  }
  const server = request.contender === 'bare http' ? bareHttp() : expressRoute(answerOf(request.length));
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

const answerOf = (length = 0): object => (length === 0 ? ANSWER : { text: 'x'.repeat(length) });

function expressRoute(answer: object) {
  const app = express();
  app.get(['/', '/live'], (request, response) => {
    response.json(request.path === '/' ? answer : ANSWER);
  });
  return createServer(app);
}
