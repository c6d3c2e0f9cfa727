import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An SQS like the one at `endpoint` that knows no move tasks, as emulators do. */
export async function sqsWithoutMoves(endpoint: string): Promise<{ endpoint: string; stop(): void }> {
  const server = createServer((incoming, outgoing) => {
    if (/MessageMoveTasks?$/.test(String(incoming.headers['x-amz-target']))) {
      incoming.resume();
      outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      outgoing.end('{"__type":"com.amazon.coral.service#UnknownOperationException"}');
      return;
    }
    const { method, headers, url } = incoming;
    const asked = request(`${endpoint}${url}`, { method: method as string, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
