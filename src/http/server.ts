import { createServer, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express } from 'express';
import { PROBLEM_TYPE, problemJson } from './problem.ts';

export interface HttpServer {
  /** `http://host:port`, with the port really bound. */
  url: string;
  /** Takes no new connections; answers under way are finished. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** Listens; rejects when the address cannot be had. Port 0 means any free one. */
export async function startHttpServer(
  app: Express,
  { host, port }: { host: string; port: number },
): Promise<HttpServer> {
  const server = createServer(app);
  server.on('clientError', refuseUnreadable);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE' ? 'is in use: set PORT to a free one' : `cannot be had: ${error.message}`;
      reject(new Error(`${host}:${port} ${why}`));
    });
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const closed = new Promise<void>((resolve) => server.once('close', resolve));
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    async quiet() {
      server.close();
      server.closeIdleConnections();
    },
    async stop() {
      server.close();
      // A client that keeps its connection open has had its answer by now.
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 1_000).unref();
      await closed;
    },
  };
}

const UNREADABLE: Record<string, { status: number; detail: string }> = {
  HPE_HEADER_OVERFLOW: { status: 431, detail: 'The path and the headers are too long' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, detail: 'The request did not arrive in time' },
};

/** Answers what Node refuses before Express sees it, in the form of every other refusal. */
function refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { status, detail } = UNREADABLE[error.code ?? ''] ?? { status: 400, detail: 'This is not HTTP' };
  const body = problemJson(status, { kind: 'bad-request', detail });
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${PROBLEM_TYPE}; charset=utf-8`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'X-Process-Time: 0.000000',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
