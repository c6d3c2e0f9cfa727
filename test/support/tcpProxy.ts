import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands in front of a server and breaks its connections, on request. */
export interface TcpProxy {
  port: number;
  /** Connections that were opened so far. */
  readonly opened: number;
  /** Cuts every connection and refuses new ones until `accept`. */
  refuse(): Promise<void>;
  accept(): Promise<void>;
  /**
   * Cuts one connection at a chosen point: the first chunk on its way to the server for which `where` gives a number
   * is passed on to that many bytes, and no more. Resolves when it has happened.
   */
  cutInside(where: (chunk: Buffer) => number | undefined): Promise<void>;
  stop(): Promise<void>;
}

export async function startTcpProxy(behind: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let opened = 0;
  let cut: { where: (chunk: Buffer) => number | undefined; done: () => void } | undefined;

  const server = createServer((client) => {
    opened += 1;
    const upstream = connect(behind, '127.0.0.1');
    let cutHere = false;
    const close = () => {
      client.destroy();
      if (!cutHere) upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay();
      socket.on('error', close);
      socket.on('close', () => {
        open.delete(socket);
        close();
      });
    }
    upstream.pipe(client);
    client.on('data', (chunk) => {
      const at = cut?.where(chunk);
      if (at === undefined) {
        upstream.write(chunk);
        return;
      }
      cutHere = true;
      cut?.done();
      cut = undefined;
      // The server still gets what came before the cut; its answers find nobody.
      client.destroy();
      upstream.end(chunk.subarray(0, at));
      upstream.resume();
    });
  });

  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const refuse = async () => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    get opened() {
      return opened;
    },
    refuse,
    accept: () => listen(port),
    cutInside: (where) =>
      new Promise((done) => {
        cut = { where, done };
      }),
    stop: refuse,
  };
}
