import { connect as connectTcp, createServer } from 'node:net';
import { serveParent } from './child.ts';

/*
 * A TCP proxy that holds every chunk of a request back for some milliseconds, as the way to SQS does, and counts
 * the requests that pass.
 */
let requests = 0;
let port = 0;

export type DelayProxyRequest = { do: 'listen'; to: number; delayMs: number } | { do: 'count' };

serveParent(async (request: DelayProxyRequest) => {
  if (request.do === 'count') return requests;
  const { to, delayMs } = request;
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connectTcp({ port: to, host: '127.0.0.1', noDelay: true });
    client.on('data', (chunk: Buffer) => {
      requests += countRequests(chunk);
      if (delayMs === 0) upstream.write(chunk);
      else setTimeout(() => upstream.write(chunk), delayMs);
    });
    upstream.pipe(client);
    client.on('close', () => upstream.destroy());
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
  return port;
});

const REQUEST_LINE = Buffer.from('POST / HTTP/1.1');

function countRequests(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(REQUEST_LINE); at !== -1; at = chunk.indexOf(REQUEST_LINE, at + 1)) count += 1;
  return count;
}
