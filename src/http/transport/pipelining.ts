import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Looks at the requests of one connection one after the other, each when the answer before has left. A client may send
 * thousands without reading: Node takes all that are in one chunk of its bytes and would have all of their answers
 * made and kept. While one waits its turn, its connection is not read; how many wait on all of them together is
 * bounded by `mostWaiting`, and a connection that brings one too many is closed.
 */
export function oneAfterAnother(handle: Handle, mostWaiting: number): Handle {
  const waiting = new WeakMap<Socket, number>();
  let onAll = 0;

  const change = (socket: Socket, by: 1 | -1) => {
    const own = (waiting.get(socket) ?? 0) + by;
    waiting.set(socket, own);
    onAll += by;
    return own;
  };
  /** Only for connections that a request has waited on: of nearly all, none ever does. */
  const watch = (socket: Socket) => {
    // Node resumes it at the end of every request, whoever paused it.
    socket.on('resume', () => {
      if (waiting.get(socket)) socket.pause();
    });
    socket.once('close', () => {
      onAll -= waiting.get(socket) ?? 0;
      waiting.delete(socket);
    });
  };

  return (request, response) => {
    // A response gets its socket when it is its turn to be sent.
    if (response.socket) return handle(request, response);
    const { socket } = request;
    if (socket.destroyed) return;
    if (onAll >= mostWaiting) {
      socket.destroy();
      return;
    }
    if (!waiting.has(socket)) watch(socket);
    change(socket, 1);
    socket.pause();
    response.once('socket', () => {
      // Not at once: answers that are there at once would keep every other connection waiting until the last of them.
      setImmediate(() => {
        if (socket.destroyed) return;
        if (change(socket, -1) === 0) socket.resume();
        handle(request, response);
      });
    });
  };
}
