import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { lockFolder, START_TIMEOUT_MS } from './folderLock.ts';
import { HOST, keptPort, takePort } from './keptPort.ts';
import { hasCutOff, type LastWords, lastWords, refuseFullDisk } from './redisLastWords.ts';
import { restartWhenGone } from './restartWhenGone.ts';

/** Our own Redis server: a child process with its data under the data folder. */
export interface EmbeddedRedis {
  host: string;
  port: number;
  /** A server of the same data folder was already running, started by another process or left by a crash. */
  joined: boolean;
  /** It was started, and cut the end off its file: a write that was under way when it died. */
  cutOff: boolean;
  /** Shuts the server down, data on disk, unless another process still uses it: the last one out does it. */
  stop(): Promise<void>;
}

/** Hears of what happens to the server while it is used. */
export interface EmbeddedRedisEvents {
  gone(words: LastWords): void;
  /** It could not be started again, and will be tried later. */
  failed(error: Error): void;
  back(server: { cutOff: boolean }): void;
}

const PROGRAMS = ['redis-server', 'valkey-server'];
/** Names our own short-lived connections, so that they do not count as somebody using the server. */
const PROBE_NAME = 'order-pipeline-probe';

/**
 * Starts or joins the server of `dataDir`. Two processes may call this at once: one starts it, the other joins.
 * Throws when no server program is on PATH, or with the end of its log when it does not come up.
 *
 * With `events`, a server that ends while it is used is started again on the same port, by whichever of its users is
 * first, until `stop`.
 */
export async function startEmbeddedRedis(
  dataDir: string,
  events?: EmbeddedRedisEvents,
): Promise<EmbeddedRedis> {
  mkdirSync(resolve(dataDir, 'redis'), { recursive: true });
  // Redis names its folder without links. Taken for another one, it would get a second server on the same data.
  const dir = realpathSync(resolve(dataDir, 'redis'));
  const { port, joined, presence } = await startOrJoin(dir);
  const watch = events ? watchOver(dir, port, presence, events) : { stop: async () => presence };
  return {
    host: HOST,
    port,
    joined,
    cutOff: !joined && hasCutOff(logOf(dir)),
    stop: async () => leave(dir, port, await watch.stop()),
  };
}

async function startOrJoin(dir: string): Promise<{ port: number; joined: boolean; presence: Redis }> {
  const unlock = await lockFolder(dir, 'the embedded Redis');
  try {
    const running = await findRunning(dir);
    const port = running ?? (await launch(dir));
    return { port, joined: running !== undefined, presence: await openPresence(port) };
  } finally {
    unlock();
  }
}

function watchOver(dir: string, port: number, presence: Redis, events: EmbeddedRedisEvents) {
  let cutOff = false;
  return restartWhenGone(presence, ({ status }) => status === 'end', {
    onGone: () => events.gone(lastWords(dir, logOf(dir))),
    async restart() {
      refuseFullDisk(dir);
      const again = await startOrJoin(dir);
      cutOff = !again.joined && hasCutOff(logOf(dir));
      if (again.port === port) return again.presence;
      again.presence.disconnect();
      throw new Error(`it runs on port ${again.port} now, as port ${port} was taken: restart this process`);
    },
    onFailed: (error) => events.failed(error),
    onBack: () => events.back({ cutOff }),
  });
}

/** Shows that somebody uses the server from the moment of joining it, before the first real connection. */
async function openPresence(port: number): Promise<Redis> {
  const presence = new Redis({ host: HOST, port, lazyConnect: true, retryStrategy: () => null });
  presence.on('error', () => {});
  await presence.connect();
  return presence;
}

/** Under the lock, so that nobody joins a server on its way out. */
async function leave(dir: string, port: number, presence: Redis): Promise<void> {
  presence.disconnect();
  const unlock = await lockFolder(dir, 'the embedded Redis');
  try {
    await stopIfLast(dir, port);
  } finally {
    unlock();
  }
}

/** The port of a living server of this folder. It proves itself by naming the folder: ports get reused. */
async function findRunning(dir: string): Promise<number | undefined> {
  const port = keptPort(dir);
  if (port === undefined) return undefined;
  return withProbe(port, async (redis) => {
    const [, theirs] = (await redis.config('GET', 'dir')) as string[];
    return theirs === dir ? port : undefined;
  }).catch(() => undefined);
}

async function launch(dir: string): Promise<number> {
  const port = await takePort(dir);
  const child = await spawnServer(serverOptions(dir, port, logOf(dir)));
  await untilServing(child, port, dir);
  return port;
}

const logOf = (dir: string): string => join(dir, 'redis.log');

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

async function untilServing(child: ChildProcess, port: number, dir: string): Promise<void> {
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
  const { reason, lines } = lastWords(dir, logOf(dir));
  const why = failure === undefined ? 'no answer' : `${failure}, ${reason}`;
  throw new Error(`the embedded Redis did not start: ${why}\n${lines.join('\n')}`);
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
