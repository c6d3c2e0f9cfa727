import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startTestRedis, type TestRedis } from './redis.ts';

/** A Redis that loses nothing it has confirmed, and can be killed (SIGKILL) and started again. */
export async function crashableRedis() {
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-aof-'));
  const options = ['--dir', dir, '--appendonly', 'yes', '--appendfsync', 'always'];
  const port = await freePort();
  let server: TestRedis = await startTestRedis(options, port);
  return {
    port,
    /** As it runs now: its connections are closed when it is killed. */
    server: () => server,
    kill: () => server.stop(),
    async restart() {
      server = await startTestRedis(options, port);
    },
    async stop() {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
