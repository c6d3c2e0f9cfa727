import { spawn } from 'node:child_process';
import { Redis } from 'ioredis';
import { freePort } from '../../support/freePort.ts';

/** A Redis of the benchmark's own, in memory. Dies with the benchmark's last command. */
export async function startBenchRedis(): Promise<{ url: string; client: Redis; stop(): void }> {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', options, { stdio: 'ignore' });
  const kill = () => server.kill('SIGKILL');
  process.once('exit', kill);
  const client = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null });
  client.on('error', () => {});
  await client.ping();
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    stop() {
      client.disconnect();
      process.off('exit', kill);
      kill();
    },
  };
}
