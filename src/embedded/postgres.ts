import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { lockFolder, readIfThere, START_TIMEOUT_MS } from './folderLock.ts';
import { HOST, keptPort, takePort } from './keptPort.ts';
import { NO_POSTGRES, otherUser, postgresPrograms } from './postgresPrograms.ts';
import { refuseFullDisk } from './redisLastWords.ts';
import { restartWhenGone } from './restartWhenGone.ts';

/** Our own PostgreSQL: a child process with its data under the data folder. */
export interface EmbeddedPostgres {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  /** A server of the same data folder was already running, started by another process or left by a crash. */
  joined: boolean;
  /** Shuts the server down unless another process still uses it: the last one out does it. */
  stop(): Promise<void>;
}

/** Hears of what happens to the server while it is used. */
export interface EmbeddedPostgresEvents {
  /** With the last lines of its log. */
  gone(lines: string[]): void;
  /** It could not be started again, and will be tried later. */
  failed(error: Error): void;
  back(): void;
}

const USER = 'order_pipeline';
const DATABASE = 'postgres';
const LOG_LINES = 6;

/** What differs from PostgreSQL's own: it listens here alone, and is small beside the product it serves. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  max_connections: '40',
  shared_buffers: '64MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
};

/**
 * Starts or joins the server of `dataDir`. Two processes may call this at
 * once: one starts it, the other joins. As root it runs as another user, which must be able to enter the folder. Throws,
 * with what to do, where there is no program or it does not come up.
 *
 * With `events`, a server that ends while it is used is started again on the same port, by whichever of its users is
 * first, until `stop`.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  events?: EmbeddedPostgresEvents,
): Promise<EmbeddedPostgres> {
  mkdirSync(resolve(dataDir, 'postgres'), { recursive: true });
  const dir = realpathSync(resolve(dataDir, 'postgres'));
  const { port, joined, presence } = await startOrJoin(dir);
  const watch = events ? watchOver(dir, port, presence, events) : { stop: async () => presence };
  return {
    host: HOST,
    port,
    database: DATABASE,
    user: USER,
    password: passwordOf(dir),
    joined,
    stop: async () => leave(dir, port, await watch.stop()),
  };
}

async function startOrJoin(dir: string) {
  const unlock = await lockFolder(dir, 'the embedded PostgreSQL');
  try {
    const running = await findRunning(dir);
    const port = running ?? (await launch(dir));
    return { port, joined: running !== undefined, presence: await connect(dir, port) };
  } finally {
    unlock();
  }
}

const ended = new WeakSet<Client>();

function watchOver(dir: string, port: number, presence: Client, events: EmbeddedPostgresEvents) {
  return restartWhenGone(presence, (client) => ended.has(client), {
    onGone: () => events.gone(lastLines(dir)),
    async restart() {
      refuseFullDisk(dir);
      const again = await startOrJoin(dir);
      if (again.port === port) return again.presence;
      await again.presence.end();
      throw new Error(`it runs on port ${again.port} now, as port ${port} was taken: restart this process`);
    },
    onFailed: (error) => events.failed(error),
    onBack: () => events.back(),
  });
}

/** Under the lock, so that nobody joins a server on its way out. */
async function leave(dir: string, port: number, presence: Client): Promise<void> {
  await presence.end().catch(() => {});
  const unlock = await lockFolder(dir, 'the embedded PostgreSQL');
  try {
    if (await isUsed(dir, port)) return;
    const pid = Number(readIfThere(join(dataOf(dir), 'postmaster.pid')).split('\n')[0]);
    // What postgres calls a fast shutdown: connections are closed, everything is on disk.
    if (pid > 0 && signal(pid, 'SIGINT')) await untilGone(pid);
  } finally {
    unlock();
  }
}

/** Whether there is such a process. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (signal(pid, 0) && Date.now() < deadline) await delay(20);
}

const OTHERS = `
  SELECT count(*)::int AS others FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`;
/** A connection that was closed is shown until its process has ended. */
const CLOSING_MS = 1_000;

/** A server that does not answer is used by nobody we could ask for. */
async function isUsed(dir: string, port: number): Promise<boolean> {
  try {
    const client = await connect(dir, port);
    const deadline = Date.now() + CLOSING_MS;
    let others: number;
    do {
      await delay(10);
      others = (await client.query(OTHERS)).rows[0].others;
    } while (others > 0 && Date.now() < deadline);
    await client.end();
    return others > 0;
  } catch {
    return false;
  }
}

/** The port of a living server of this folder. It proves itself by naming the folder: ports get reused. */
async function findRunning(dir: string): Promise<number | undefined> {
  const port = keptPort(dir);
  if (port === undefined) return undefined;
  try {
    const client = await connect(dir, port);
    const { rows } = await client.query('SHOW data_directory');
    await client.end();
    return rows[0].data_directory === dataOf(dir) ? port : undefined;
  } catch {
    return undefined;
  }
}

async function connect(dir: string, port: number): Promise<Client> {
  const client = new Client({
    host: HOST,
    port,
    user: USER,
    database: DATABASE,
    password: passwordOf(dir),
    application_name: 'order-pipeline presence',
    connectionTimeoutMillis: 2_000,
    ssl: false,
  });
  client.on('error', () => {});
  client.on('end', () => ended.add(client));
  await client.connect();
  return client;
}

async function launch(dir: string): Promise<number> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error(NO_POSTGRES);
  const user = otherUser();
  // Whoever runs the server has to come through here; what is in it is closed by itself.
  chmodSync(dir, 0o711);
  if (!existsSync(join(dataOf(dir), 'PG_VERSION'))) await initialise(dir, programs, user);
  const port = await takePort(dir);
  const log = openSync(logOf(dir), 'a', 0o600);
  try {
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // Its own process group: Ctrl-C reaches us alone, and we stop it when its clients are done.
    const server = spawn(join(programs, 'postgres'), ['-D', dataOf(dir), '-p', String(port), ...settings], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      ...user,
    });
    server.unref();
    await untilServing(server, dir, port);
  } finally {
    closeSync(log);
  }
  return port;
}

/** Beside its place and then moved there: a start that is cut off leaves no half of a cluster. */
async function initialise(dir: string, programs: string, user: ReturnType<typeof otherUser>): Promise<void> {
  const next = join(dir, 'data.next');
  const secret = join(dir, 'password.next');
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { mode: 0o700 });
  writeFileSync(join(dir, 'password'), randomBytes(24).toString('base64url'), { mode: 0o600 });
  // To be read by that user, and gone right after.
  writeFileSync(secret, passwordOf(dir), { mode: 0o600 });
  if (user) for (const each of [next, secret]) chownSync(each, user.uid, user.gid);
  try {
    const options = ['-U', USER, '-A', 'scram-sha-256', `--pwfile=${secret}`, '-E', 'UTF8', '--locale=C'];
    const initdb = spawn(join(programs, 'initdb'), ['-D', next, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: '/',
      ...user,
    });
    let said = '';
    initdb.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = await once(initdb, 'close');
    if (code !== 0)
      throw new Error(`the embedded PostgreSQL could not be set up: ${whyNot(said, dir, user)}`);
    renameSync(next, dataOf(dir));
  } finally {
    rmSync(secret, { force: true });
  }
}

function whyNot(said: string, dir: string, user: ReturnType<typeof otherUser>): string {
  if (user && /Permission denied|could not access directory/.test(said))
    return `as root it runs as user ${user.uid}, who cannot reach ${dir}: set DATA_DIR to a folder that others may enter`;
  return said.trim().split('\n').slice(-LOG_LINES).join('\n');
}

async function untilServing(server: ChildProcess, dir: string, port: number): Promise<void> {
  let failure: string | undefined;
  server.once('error', (error) => {
    failure = error.message;
  });
  server.once('exit', (code) => {
    failure = `it ended with code ${code}`;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && failure === undefined) {
    // While it recovers it refuses everybody, which counts as not yet.
    const client = await connect(dir, port).catch(() => undefined);
    await client?.end();
    if (client) return;
    await delay(20);
  }
  throw new Error(
    `the embedded PostgreSQL did not start: ${failure ?? 'no answer'}\n${lastLines(dir).join('\n')}`,
  );
}

const dataOf = (dir: string): string => join(dir, 'data');
const logOf = (dir: string): string => join(dir, 'postgres.log');
const passwordOf = (dir: string): string => readIfThere(join(dir, 'password')).trim();

function lastLines(dir: string): string[] {
  return readIfThere(logOf(dir)).trimEnd().split('\n').slice(-LOG_LINES);
}
