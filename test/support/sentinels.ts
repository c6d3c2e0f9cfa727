import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis, type RedisOptions } from 'ioredis';
import { freePort, startTestRedis, type TestRedis } from './redis.ts';
import { until } from './until.ts';

/** Servers of which one leads, watched by real sentinels. */
export interface TestSentinels {
  /** For REDIS_SENTINELS. */
  list: string;
  servers: TestRedis[];
  /** The server that leads, as the sentinels see it. */
  master(): Promise<TestRedis>;
  /** Ends a server as a crash would; `restart` brings it back as the empty master that it believes to be. */
  kill(server: TestRedis): Promise<void>;
  restart(server: TestRedis): Promise<void>;
  /** As an operator asks for it. Resolves when it has happened. */
  failover(): Promise<void>;
  /** Every server that runs follows the one that leads. */
  untilWhole(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestSentinel {
  port: number;
  client: Redis;
  stop(): Promise<void>;
}

function expectNoGoodReplica(error: Error): void {
  if (!error.message.startsWith('NOGOODSLAVE')) throw error;
}

/** What the sentinels call the master. */
export const MASTER_NAME = 'orders';

/** A replica that was cut off in the middle of something tries again soon. */
export const REPLICATION = [
  ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1', '--repl-timeout', '5'],
];
/** Shorter than anybody would set them, and patient with a machine that is busy otherwise. */
const QUICK = [
  ...['INFO-PERIOD', '200', 'PING-PERIOD', '100', 'PUBLISH-PERIOD', '200', 'ASK-PERIOD', '200'],
  ...['TILT-TRIGGER', '60000', 'MIN-LINK-RECONNECT-PERIOD', '1000', 'ELECTION-TIMEOUT', '2000'],
];

/** One sentinel of the master at `port`, which `quorum` of them must find dead. */
export async function startSentinel(
  port: number,
  quorum: number,
  {
    lines = [],
    client: options = {},
  }: { lines?: string[]; client?: Pick<RedisOptions, 'password' | 'tls'> } = {},
): Promise<TestSentinel> {
  const dir = mkdtempSync(join(tmpdir(), 'order-pipeline-sentinel-'));
  const own = await freePort();
  const config = [
    `port ${own}`,
    'bind 127.0.0.1',
    `dir "${dir}"`,
    `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${port} ${quorum}`,
    `sentinel down-after-milliseconds ${MASTER_NAME} 1500`,
    `sentinel failover-timeout ${MASTER_NAME} 4000`,
    ...lines.map((line) => line.replace('OWN', String(own))),
  ];
  writeFileSync(join(dir, 'sentinel.conf'), config.join('\n'));
  const server = spawn('redis-server', [join(dir, 'sentinel.conf'), '--sentinel'], { stdio: 'ignore' });
  const exited = once(server, 'exit');
  const client = new Redis(own, '127.0.0.1', {
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    ...options,
  });
  client.on('error', () => {});
  await client.call('SENTINEL', 'DEBUG', ...QUICK);
  return {
    port: own,
    client,
    async stop() {
      client.disconnect();
      server.kill('SIGKILL');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function startSentinels({ replicas = 2, sentinels = 3 } = {}): Promise<TestSentinels> {
  const first = await startTestRedis(REPLICATION);
  const follow = () => startTestRedis([...REPLICATION, '--replicaof', '127.0.0.1', String(first.port)]);
  const servers = [first, ...(await Promise.all(Array.from({ length: replicas }, follow)))];
  const quorum = Math.floor(sentinels / 2) + 1;
  const watchers = await Promise.all(
    Array.from({ length: sentinels }, () => startSentinel(first.port, quorum)),
  );
  const killed = new Set<TestRedis>();
  const running = () => servers.filter((server) => !killed.has(server));
  const masterSeenBy = async ({ client }: TestSentinel): Promise<Partial<Record<string, string>>> => {
    const fields = (await client.call('SENTINEL', 'MASTER', MASTER_NAME)) as string[];
    return Object.fromEntries(fields.flatMap((name, at) => (at % 2 ? [] : [[name, fields[at + 1]]])));
  };
  const [asked] = watchers as [TestSentinel];

  const set: TestSentinels = {
    list: watchers.map(({ port }) => `127.0.0.1:${port}`).join(','),
    servers,
    async master() {
      const { port } = await masterSeenBy(asked);
      return servers.find((server) => server.port === Number(port)) as TestRedis;
    },
    async kill(server) {
      killed.add(server);
      await server.stop();
    },
    async restart(server) {
      servers[servers.indexOf(server)] = await startTestRedis(REPLICATION, server.port);
    },
    async failover() {
      const before = await set.master();
      await until(async () => {
        const { port, flags = '' } = await masterSeenBy(asked);
        if (Number(port) !== before.port) return true;
        // It is given up when a server is too slow to follow, and none is begun while no replica looks good.
        if (!flags.includes('failover_in_progress'))
          await asked.client.call('SENTINEL', 'FAILOVER', MASTER_NAME).catch(expectNoGoodReplica);
        return false;
      }, 'another one leads');
    },
    untilWhole: () =>
      until(async () => {
        const info = await (await set.master()).client().info('replication');
        const following = info.match(/state=online/g)?.length ?? 0;
        return /role:master/.test(info) && following === running().length - 1;
      }, 'every server follows the one that leads'),
    async stop() {
      await Promise.all(watchers.map((watcher) => watcher.stop()));
      await Promise.all(running().map((server) => server.stop()));
    },
  };
  try {
    await set.untilWhole();
    await until(async () => {
      const known = await Promise.all(watchers.map(masterSeenBy));
      return known.every(
        (master) =>
          Number(master['num-other-sentinels']) === sentinels - 1 &&
          Number(master['num-slaves']) === replicas,
      );
    }, 'the sentinels know each other and all servers');
    return set;
  } catch (error) {
    await set.stop();
    throw error;
  }
}
