import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A Redis that keeps every write on disk, to be killed and started again over the same file. */
export interface RedisServer {
  readonly port: number;
  /** Kills it and starts it again after `ms`; resolves once it answers. */
  crash(ms: number): Promise<void>;
  /** Lets it hang for `ms`: connections stay open and nothing answers. */
  freeze(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** `guard` is told of every process, so that none outlives a killed campaign. */
export async function startRedisServer(
  port: number,
  dir: string,
  guard: (child: ChildProcess) => void,
): Promise<RedisServer> {
  mkdirSync(dir, { recursive: true });
  let server: ChildProcess;

  const start = async () => {
    server = spawn(
      'redis-server',
      // biome-ignore format: an option and its value to a line
      [
        '--port', String(port),
        '--bind', '127.0.0.1',
        '--dir', dir,
        '--save', '',
        '--appendonly', 'yes',
        '--appendfsync', 'always',
        '--maxmemory-policy', 'noeviction',
      ],
      { stdio: 'ignore' },
    );
    guard(server);
    while (!(await answers(port))) {
      if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
      await delay(10);
    }
  };
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };

  await start();
  return {
    port,
    async crash(ms) {
      await kill();
      await delay(ms);
      await start();
    },
    async freeze(ms) {
      const frozen = server;
      frozen.kill('SIGSTOP');
      await delay(ms);
      frozen.kill('SIGCONT');
    },
    stop: kill,
  };
}

/** While it loads its file it accepts connections and answers with an error. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('error', () => end(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')));
  });
}
