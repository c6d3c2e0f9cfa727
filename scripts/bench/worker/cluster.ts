import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Cluster, Redis } from 'ioredis';
import { makeReadStats } from '../../../src/stats/read/readStats.ts';
import { makePartitions } from '../../../src/store/partitions.ts';
import { startCluster } from '../../cluster/startCluster.ts';
import { startChild } from '../support/child.ts';
import { redisCpu } from '../support/redisFigures.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { median, printTable } from '../support/table.ts';
import type { WorkerRequest } from './contender.ts';
import { fillQueues } from './jobs.ts';

const USERS = 10_000;
const DAYS = 2;

interface Layout {
  name: string;
  partitions: number;
  concurrency: number;
  start(): Promise<Servers>;
}

interface Servers {
  env: Record<string, string>;
  redis: Redis | Cluster;
  each: Redis[];
  stop(): Promise<void>;
}

const LAYOUTS: Layout[] = [
  { name: '1 partition, one Redis, 50 in hand', partitions: 1, concurrency: 50, start: single },
  { name: '8 partitions, one Redis, 50 each', partitions: 8, concurrency: 400, start: single },
  { name: '8 partitions, 3 masters, 50 each', partitions: 8, concurrency: 400, start: cluster },
  { name: '8 partitions, 3 masters, 50 in all', partitions: 8, concurrency: 50, start: cluster },
];

interface Figures {
  perSecond: number;
  worker: number;
  redis: number;
}

/**
 * The worker stage over partitions and a Redis Cluster, beside one partition on one Redis: CPU per order of the
 * worker's process and of all Redis servers together. On a machine of few cores the servers of a cluster share
 * them, so orders per second say little here.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { jobs: { type: 'string', default: '20000' }, rounds: { type: 'string', default: '3' } },
  });
  const figures = new Map<Layout, Figures[]>(LAYOUTS.map((layout) => [layout, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const layout of LAYOUTS) figures.get(layout)?.push(await measure(layout, Number(values.jobs)));
  }
  const rows = [...figures].map(([{ name }, each]) => ({
    name,
    perSecond: median(each.map((one) => one.perSecond)),
    worker: median(each.map((one) => one.worker)),
    redis: median(each.map((one) => one.redis)),
  }));
  const base = rows[0] as (typeof rows)[number];
  printTable(
    `BullMQ → stats over partitions, ${values.jobs} jobs of ${USERS} users, medians, CPU in µs per order`,
    ['', 'orders/s', 'worker', '× first', 'all Redis', '× first', 'together', '× first'],
    rows.map(({ name, perSecond, worker, redis }) => [
      name,
      perSecond.toFixed(0),
      worker.toFixed(0),
      (worker / base.worker).toFixed(2),
      redis.toFixed(0),
      (redis / base.redis).toFixed(2),
      (worker + redis).toFixed(0),
      ((worker + redis) / (base.worker + base.redis)).toFixed(2),
    ]),
  );
}

async function measure(layout: Layout, jobs: number): Promise<Figures> {
  const servers = await layout.start();
  const partitions = makePartitions(layout.partitions);
  const child = await startChild(new URL('./contender.ts', import.meta.url));
  try {
    await fillQueues(servers.redis, partitions, { jobs, users: USERS, days: DAYS });
    const before = await redisCpu(...servers.each);
    const started = performance.now();
    await child.ask({
      do: 'go',
      contender: 'ours',
      env: { ...servers.env, PARTITIONS: String(layout.partitions) },
      concurrency: layout.concurrency,
    } satisfies WorkerRequest);
    const read = makeReadStats(servers.redis, partitions);
    while ((await read.global()).orders < jobs) await delay(50);
    const seconds = (performance.now() - started) / 1_000;
    const { cpuMicroseconds } = await child.ask<{ cpuMicroseconds: number }>({ do: 'report' });
    return {
      perSecond: jobs / seconds,
      worker: cpuMicroseconds / jobs,
      redis: ((await redisCpu(...servers.each)) - before) / jobs,
    };
  } finally {
    await child.kill();
    await servers.stop();
  }
}

async function single(): Promise<Servers> {
  const { url, client, stop } = await startBenchRedis();
  return { env: { REDIS_URL: url }, redis: client, each: [client], stop: async () => stop() };
}

async function cluster(): Promise<Servers> {
  const servers = await startCluster(3, { appendOnly: false });
  const redis = new Cluster(servers.addresses, { redisOptions: { maxRetriesPerRequest: null } });
  const each = servers.addresses.map(({ host, port }) => new Redis(port, host));
  return {
    env: { REDIS_CLUSTER_NODES: servers.nodes },
    redis,
    each,
    async stop() {
      for (const one of [redis, ...each]) one.disconnect();
      await servers.stop();
    },
  };
}
