import { once } from 'node:events';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy of HTTP that shows a service under a path, and nothing else. */
export interface PathProxy {
  /** `http://127.0.0.1:port`, without the path. */
  origin: string;
  stop(): Promise<void>;
}

/** `strips`: whether it takes the path off before it hands a request on. */
export async function startPathProxy(service: string, path: string, strips: boolean): Promise<PathProxy> {
  const server = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming;
    if (!url.startsWith(path) || !/^([/?]|$)/.test(url.slice(path.length))) {
      outgoing.writeHead(404).end();
      return;
    }
    const upstream = ask(
      service + (strips ? url.slice(path.length) : url),
      { method, headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode as number, answer.headers);
        answer.pipe(outgoing);
      },
    );
    // A stream whose reader has left is read by nobody: its socket would stay open when the service has gone.
    outgoing.on('close', () => upstream.destroy());
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
