import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** Our own Redis server: a child process with its data under the data folder. */
export interface EmbeddedRedis {
  host: string;
  port: number;
  /** A server of the same data folder was already running, started by another process or left by a crash. */
  joined: boolean;
  /** Shuts the server down, data on disk, unless another process still uses it: the last one out does it. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const PROGRAMS = ['redis-server', 'valkey-server'];
const START_TIMEOUT_MS = 30_000;
/** Names our own short-lived connections, so that they do not count as somebody using the server. */
const PROBE_NAME = 'order-pipeline-probe';

/**
 * Starts or joins the server of `dataDir`. Two processes may call this at once: one starts it, the other joins.
 * Throws when no server program is on PATH, or with the end of its log when it does not come up.
 */
export async function startEmbeddedRedis(dataDir: string): Promise<EmbeddedRedis> {
  const dir = resolve(dataDir, 'redis');
  mkdirSync(dir, { recursive: true });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const running = await findRunning(dir);
    if (running) return { host: HOST, port: running, joined: true, stop: () => stopIfLast(dir, running) };
    const unlock = lock(dir);
    if (!unlock) {
      await delay(50);
      continue;
    }
    try {
      const port = await launch(dir);
      return { host: HOST, port, joined: false, stop: () => stopIfLast(dir, port) };
    } finally {
      unlock();
    }
  }
  throw new Error(`the embedded Redis of ${dir} did not come up within ${START_TIMEOUT_MS / 1000} s`);
}

/** The port of a living server of this folder. It proves itself by naming the folder: ports get reused. */
async function findRunning(dir: string): Promise<number | undefined> {
  const port = readPort(dir);
  if (port === undefined) return undefined;
  return withProbe(port, async (redis) => {
    const [, theirs] = (await redis.config('GET', 'dir')) as string[];
    return theirs === dir ? port : undefined;
  }).catch(() => undefined);
}

async function launch(dir: string): Promise<number> {
  const port = await freePort();
  const logFile = join(dir, 'redis.log');
  const child = await spawnServer(serverOptions(dir, port, logFile));
  await untilServing(child, port, logFile);
  writeFileSync(join(dir, 'port'), String(port));
  return port;
}

async function spawnServer(options: string[]): Promise<ChildProcess> {
  for (const program of PROGRAMS) {
    // Its own process group: Ctrl-C reaches us alone, and we stop it when its clients are done.
    const child = spawn(program, options, { detached: true, stdio: 'ignore' });
    const error = await new Promise<NodeJS.ErrnoException | undefined>((settle) => {
      child.once('spawn', () => settle(undefined));
      child.once('error', settle);
    });
    child.unref();
    if (!error) return child;
    if (error.code !== 'ENOENT') throw error;
  }
  throw new Error(
    `no ${PROGRAMS.join(' or ')} is on PATH: install one (Debian: apt-get install redis-server, ` +
      'macOS: brew install redis) or set REDIS_URL to a server of yours',
  );
}

function serverOptions(dir: string, port: number, logFile: string): string[] {
  const options: Record<string, string> = {
    bind: HOST,
    port: String(port),
    dir,
    logfile: logFile,
    appendonly: 'yes',
    // A job answered is a job on disk. On one machine this costs nothing that can be measured end to end.
    appendfsync: 'always',
    save: '',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  };
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
}

async function untilServing(child: ChildProcess, port: number, logFile: string): Promise<void> {
  let failure: string | undefined;
  child.once('exit', (code) => {
    failure = `it ended with code ${code}`;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && failure === undefined) {
    // While it loads its data it answers LOADING, which counts as not yet.
    const answer = await withProbe(port, (redis) => redis.ping()).catch(() => undefined);
    if (answer === 'PONG') return;
    await delay(20);
  }
  throw new Error(`the embedded Redis did not start: ${failure ?? 'no answer'}\n${tail(logFile)}`);
}

async function stopIfLast(dir: string, port: number): Promise<void> {
  await withProbe(port, async (redis) => {
    const clients = String(await redis.client('LIST'))
      .split('\n')
      .filter((line) => line !== '');
    if (clients.some((line) => !line.includes(`name=${PROBE_NAME}`))) return;
    rmSync(join(dir, 'port'), { force: true });
    // It answers by closing the connection, once everything is on disk.
    await redis.shutdown('NOSAVE').catch(() => {});
  }).catch(() => {});
}

async function withProbe<T>(port: number, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    host: HOST,
    port,
    connectionName: PROBE_NAME,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
  });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** A lock file holding our process id; one of a dead process counts for nothing. Undefined while another holds it. */
function lock(dir: string): (() => void) | undefined {
  const path = join(dir, 'starting');
  try {
    const file = openSync(path, 'wx');
    writeFileSync(file, String(process.pid));
    closeSync(file);
    return () => rmSync(path, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!isAlive(Number(readIfThere(path)))) rmSync(path, { force: true });
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  // Empty while its owner is between creating and writing it: that owner is alive.
  if (!pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function readPort(dir: string): number | undefined {
  return Number(readIfThere(join(dir, 'port'))) || undefined;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function tail(path: string): string {
  return readIfThere(path).trimEnd().split('\n').slice(-5).join('\n');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, HOST, done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
