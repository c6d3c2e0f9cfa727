import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

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
