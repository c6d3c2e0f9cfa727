import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../support/freePort.ts';

/** A real Redis Cluster of processes on loopback, for tests and for the demo. */
export interface LocalCluster {
  /** `host:port` of every server, for REDIS_CLUSTER_NODES. */
  nodes: string;
  /** The same, one by one: masters first, then their replicas in the same order. */
  addresses: { host: string; port: number }[];
  /** Ends a server at once, as a crash would. Masters come first. */
  kill(index: number): Promise<void>;
  /** Lets it hang until what is returned is called: by then it may be a master that was replaced and does not know. */
  freeze(index: number): () => void;
  /** Starts it again on its port with its data; it takes the role the others have for it. */
  restart(index: number): Promise<void>;
  isMaster(index: number): Promise<boolean>;
  /** Masters with all their replicas in reach, as the cluster sees it now. */
  isWhole(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  replicas?: boolean;
  appendOnly?: boolean;
  /** Where the servers keep their data, each in a folder of its own. */
  folder?: string;
  /** Hears of every server that is started. */
  guard?: (server: ChildProcess) => void;
}

const HOST = '127.0.0.1';
/** Servers of a cluster talk to each other on a port that far above their own. */
const BUS_ABOVE = 10_000;
const SLOTS = 16_384;
const DEADLINE_MS = 30_000;
/** A server that is silent for this long is replaced by its replica. */
const NODE_TIMEOUT_MS = 1_500;

interface Node {
  port: number;
  dir: string;
  process: ChildProcess;
}

/** `masters` with even shares of the slots, and one replica each if asked for. */
export async function startCluster(
  masters: number,
  { replicas = false, appendOnly = true, folder = tmpdir(), guard = () => {} }: ClusterOptions = {},
): Promise<LocalCluster> {
  const start = (port: number, dir: string) => {
    const server = launch(port, dir, appendOnly);
    guard(server);
    return server;
  };
  const count = replicas ? masters * 2 : masters;
  const nodes: Node[] = [];
  for (let i = 0; i < count; i += 1) {
    const dir = mkdtempSync(join(folder, 'order-pipeline-cluster-'));
    const port = await freePort({ besides: BUS_ABOVE });
    nodes.push({ port, dir, process: start(port, dir) });
  }
  const clients = nodes.map(({ port }) => client(port));
  const stop = async () => {
    for (const redis of clients) redis.disconnect();
    await Promise.all(
      nodes.map(async ({ process, dir }) => {
        if (process.exitCode === null && process.signalCode === null) {
          const exited = once(process, 'exit');
          process.kill('SIGKILL');
          await exited;
        }
        rmSync(dir, { recursive: true, force: true });
      }),
    );
  };
  const isWhole = async () => {
    if (!(await every(clients, 'CLUSTER INFO', /cluster_state:ok/))) return false;
    const roles = await Promise.all(clients.map((redis) => redis.info('replication')));
    const leading = roles.filter((role) => /role:master/.test(role));
    return (
      leading.length === masters && (!replicas || leading.every((role) => /slave0:.*state=online/.test(role)))
    );
  };
  try {
    await form(nodes, clients, masters);
    await untilCluster(isWhole, 'it is whole');
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    nodes: nodes.map(({ port }) => `${HOST}:${port}`).join(','),
    addresses: nodes.map(({ port }) => ({ host: HOST, port })),
    async kill(index) {
      const { process } = nodes[index] as Node;
      const exited = once(process, 'exit');
      process.kill('SIGKILL');
      await exited;
    },
    freeze(index) {
      const { process } = nodes[index] as Node;
      process.kill('SIGSTOP');
      return () => process.kill('SIGCONT');
    },
    async restart(index) {
      const node = nodes[index] as Node;
      node.process = start(node.port, node.dir);
    },
    isMaster: async (index) => /role:master/.test(await (clients[index] as Redis).info('replication')),
    isWhole: () => isWhole().catch(() => false),
    stop,
  };
}

/** Makes one cluster of the servers: the first ones get the slots, the others follow them in turn. */
async function form(nodes: readonly Node[], clients: readonly Redis[], masters: number): Promise<void> {
  await untilCluster(
    async () => (await Promise.all(clients.map((redis) => redis.ping()))).length === nodes.length,
    'all its servers answer',
  );

  const [first] = nodes as readonly [Node];
  for (const redis of clients.slice(1)) await redis.call('CLUSTER', 'MEET', HOST, first.port);
  for (const [index, redis] of clients.slice(0, masters).entries()) {
    const from = Math.round((index * SLOTS) / masters);
    const to = Math.round(((index + 1) * SLOTS) / masters);
    // One by one: Redis 6.2 knows no ranges.
    await redis.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, at) => from + at));
  }
  await untilCluster(
    () => every(clients, 'CLUSTER INFO', new RegExp(`cluster_known_nodes:${nodes.length}\\b`)),
    'they know each other',
  );
  for (const [index, redis] of clients.slice(masters).entries()) {
    await redis.call('CLUSTER', 'REPLICATE', String(await (clients[index] as Redis).call('CLUSTER', 'MYID')));
  }
}

function launch(port: number, dir: string, appendOnly: boolean): ChildProcess {
  const options: Record<string, string> = {
    port: String(port),
    bind: HOST,
    dir,
    save: '',
    appendonly: appendOnly ? 'yes' : 'no',
    'cluster-enabled': 'yes',
    'cluster-node-timeout': String(NODE_TIMEOUT_MS),
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn('redis-server', args, { stdio: 'ignore' });
}

function client(port: number): Redis {
  const redis = new Redis(port, HOST, { maxRetriesPerRequest: 1, commandTimeout: 2_000 });
  redis.on('error', () => {});
  return redis;
}

async function every(clients: readonly Redis[], command: string, pattern: RegExp): Promise<boolean> {
  const [name = '', ...args] = command.split(' ');
  const answers = await Promise.all(clients.map((redis) => redis.call(name, ...args)));
  return answers.every((answer) => pattern.test(String(answer)));
}

/** A condition that rejects does not hold yet: servers of a cluster come and go. */
export async function untilCluster(
  condition: () => Promise<boolean>,
  what: string,
  withinMs = DEADLINE_MS,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`the Redis Cluster never came to this: ${what}`);
    await delay(50);
  }
}
