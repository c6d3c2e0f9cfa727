import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that systems hand out for outgoing connections (from 32768 on Linux, from 49152 elsewhere). */
const FROM = 10_240;
const TO = 32_768;

/**
 * A port to listen on again and again. One that the system picks may become somebody's outgoing connection while the
 * process that has it is dead, and then it could never come back. With `besides`, that many above it is another such.
 */
export async function freePort({ besides = 0 } = {}): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO - besides);
    if ((await isFree(port)) && (besides === 0 || (await isFree(port + besides)))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
