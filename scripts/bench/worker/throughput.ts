import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { queueKey } from '../../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../../src/store/partitions.ts';
import { NODE_FLAGS, startChild } from '../support/child.ts';
import { commandFigures, redisCpu } from '../support/redisFigures.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { median, printTable } from '../support/table.ts';
import type { Contender, WorkerRequest } from './contender.ts';
import { fillQueues, type Work } from './jobs.ts';

const CONTENDERS = ['no-op', 'checks only', 'ours'] as const satisfies readonly Contender[];
export const CONCURRENCY = 50;

/** All but the first for each order. */
export interface Figures {
  perSecond: number;
  cpuMicroseconds: number;
  redisMicroseconds: number;
  calls: number;
  scriptMicroseconds: number;
}

/**
 * The worker stage beside a BullMQ worker that does nothing with its jobs, and one that checks the orders and keeps
 * nothing, from a full queue, each in a process of its own.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: 'string', default: '30000' },
      users: { type: 'string', default: '10000' },
      days: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '5' },
    },
  });
  const work = { jobs: Number(values.jobs), users: Number(values.users), days: Number(values.days) };
  const figures = { 'no-op': [] as Figures[], 'checks only': [] as Figures[], ours: [] as Figures[] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const name of CONTENDERS) figures[name].push(await measure(name, work));
  }
  const medians = CONTENDERS.map((name) => ({
    name,
    perSecond: median(figures[name].map((each) => each.perSecond)),
    cpu: median(figures[name].map((each) => each.cpuMicroseconds)),
    redis: median(figures[name].map((each) => each.redisMicroseconds)),
  }));
  const base = medians[0] as (typeof medians)[number];
  printTable(
    `BullMQ → stats, ${work.jobs} jobs of ${work.users} users on ${work.days} days, concurrency ${CONCURRENCY}, medians`,
    ['', 'orders/s', '× no-op', 'CPU µs/order', 'Redis µs/order'],
    medians.map(({ name, perSecond, cpu, redis }) => [
      name,
      perSecond.toFixed(0),
      (perSecond / base.perSecond).toFixed(2),
      cpu.toFixed(0),
      redis.toFixed(0),
    ]),
  );
}

const PRETENURING = /pretenuring/;

/** Works through a full queue in a process and with a Redis of its own. */
export async function measure(contender: Contender, work: Work): Promise<Figures> {
  const { jobs } = work;
  const redis = await startBenchRedis();
  await fillQueue(redis.url, work);
  const flags = NODE_FLAGS.filter((flag) => contender !== 'ours with pretenuring' || !PRETENURING.test(flag));
  const child = await startChild(new URL('./contender.ts', import.meta.url), {}, flags);
  const partition = makePartitions(1).all[0] as Partition;
  try {
    await redis.client.config('RESETSTAT');
    const redisBefore = await redisCpu(redis.client);
    const started = performance.now();
    await child.ask({
      do: 'go',
      contender,
      env: { REDIS_URL: redis.url },
      concurrency: CONCURRENCY,
    } satisfies WorkerRequest);
    await untilTaken(redis.client, partition);
    const seconds = (performance.now() - started) / 1_000;
    await refuseFailed(redis.client, partition);
    const { calls, scriptMicroseconds } = await commandFigures(redis.client);
    const { cpuMicroseconds } = await child.ask<{ cpuMicroseconds: number }>({ do: 'report' });
    return {
      perSecond: jobs / seconds,
      cpuMicroseconds: cpuMicroseconds / jobs,
      redisMicroseconds: ((await redisCpu(redis.client)) - redisBefore) / jobs,
      calls: calls / jobs,
      scriptMicroseconds: scriptMicroseconds / jobs,
    };
  } finally {
    await child.kill();
    redis.stop();
  }
}

export async function untilTaken(redis: Redis, partition: Partition): Promise<void> {
  const left = async () => {
    const counts = await Promise.all([
      redis.llen(queueKey(partition, 'wait')),
      redis.llen(queueKey(partition, 'active')),
    ]);
    return counts[0] + counts[1];
  };
  while ((await left()) > 0) await delay(20);
}

/** What failed was no work of a worker. */
export async function refuseFailed(redis: Redis, partition: Partition): Promise<void> {
  const failed = await redis.zcard(queueKey(partition, 'failed'));
  if (failed > 0) throw new Error(`${failed} jobs failed`);
}

/** Jobs of that many orders, waiting. */
export async function fillQueue(url: string, work: Work): Promise<void> {
  const { hostname, port } = new URL(url);
  const redis = new Redis(Number(port), hostname, { maxRetriesPerRequest: null });
  await fillQueues(redis, makePartitions(1), work);
  redis.disconnect();
}
