import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { readIfThere } from './folderLock.ts';

/** What we start listens here alone. */
export const HOST = '127.0.0.1';

const fileOf = (dir: string): string => join(dir, 'port');

/** The port that a server of this folder has, or had. */
export const keptPort = (dir: string): number | undefined => Number(readIfThere(fileOf(dir))) || undefined;

/** The port of before while that is free: whoever used a server that died looks for it there. */
export async function takePort(dir: string): Promise<number> {
  const before = keptPort(dir);
  const port = before !== undefined && (await isFree(before)) ? before : await freePort();
  // First of all: should we die now, the next start finds the server instead of starting one beside it. A full disk would
  // take the old number away and not the new one.
  if (port !== before) writeFileSync(fileOf(dir), String(port));
  return port;
}

const isFree = (port: number): Promise<boolean> =>
  listenOn(port).then(
    () => true,
    () => false,
  );

const freePort = (): Promise<number> => listenOn(0);

/** Listens for a moment and resolves to the port. */
async function listenOn(wanted: number): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(wanted, HOST, done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
