import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { readConfig } from '../../../src/config.ts';
import { ORDER_QUEUE, toOrderJob } from '../../../src/queue/orderJob.ts';
import { openOrderQueues } from '../../../src/queue/orderQueues.ts';
import { makePartitions } from '../../../src/queue/partitions.ts';
import { startChild } from '../support/child.ts';
import { startBenchRedis } from '../support/redisServer.ts';
import { median, printTable } from '../support/table.ts';
import type { WorkerRequest } from './contender.ts';

const CONTENDERS = ['no-op', 'ours'] as const;
const CONCURRENCY = 50;

interface Figures {
  perSecond: number;
  cpuMicroseconds: number;
  redisMicroseconds: number;
}

/** The worker stage beside a BullMQ worker that does nothing, from a full queue, each in a process of its own. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      jobs: { type: 'string', default: '30000' },
      users: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '5' },
    },
  });
  const jobs = Number(values.jobs);
  const figures = { 'no-op': [] as Figures[], ours: [] as Figures[] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const name of CONTENDERS) figures[name].push(await measure(name, jobs, Number(values.users)));
  }
  const medians = CONTENDERS.map((name) => ({
    name,
    perSecond: median(figures[name].map((each) => each.perSecond)),
    cpu: median(figures[name].map((each) => each.cpuMicroseconds)),
    redis: median(figures[name].map((each) => each.redisMicroseconds)),
  }));
  const base = medians[0] as (typeof medians)[number];
  printTable(
    `BullMQ → stats, ${jobs} jobs of ${values.users} users, concurrency ${CONCURRENCY}, medians`,
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

async function measure(
  contender: (typeof CONTENDERS)[number],
  jobs: number,
  users: number,
): Promise<Figures> {
  const redis = await startBenchRedis();
  await fill(redis.url, jobs, users);
  const child = await startChild(new URL('./contender.ts', import.meta.url));
  const [partition] = makePartitions(1).all;
  const left = async () => {
    const counts = await Promise.all([
      redis.client.llen(`${partition?.tag}:${ORDER_QUEUE}:wait`),
      redis.client.llen(`${partition?.tag}:${ORDER_QUEUE}:active`),
    ]);
    return counts[0] + counts[1];
  };
  try {
    const redisBefore = await redisCpu(redis.client);
    const started = performance.now();
    await child.ask({
      do: 'go',
      contender,
      redisUrl: redis.url,
      concurrency: CONCURRENCY,
    } satisfies WorkerRequest);
    while ((await left()) > 0) await delay(20);
    const seconds = (performance.now() - started) / 1_000;
    const { cpuMicroseconds } = await child.ask<{ cpuMicroseconds: number }>({ do: 'report' });
    return {
      perSecond: jobs / seconds,
      cpuMicroseconds: cpuMicroseconds / jobs,
      redisMicroseconds: ((await redisCpu(redis.client)) - redisBefore) / jobs,
    };
  } finally {
    await child.kill();
    redis.stop();
  }
}

async function fill(url: string, jobs: number, users: number): Promise<void> {
  const { hostname, port } = new URL(url);
  const redis = new Redis(Number(port), hostname, { maxRetriesPerRequest: null });
  const partitions = makePartitions(1);
  const queues = openOrderQueues(redis, partitions, readConfig({}).jobs, () => {});
  const [partition] = partitions.all;
  if (!partition) throw new Error('one partition expected');
  for (let from = 0; from < jobs; from += 500) {
    const batch = Array.from({ length: Math.min(500, jobs - from) }, (_, i) => jobOf(from + i, users));
    await queues.add(partition, batch);
  }
  await queues.close();
  redis.disconnect();
}

function jobOf(index: number, users: number) {
  const id = `message-${index}`;
  const day = String(1 + (index % 28)).padStart(2, '0');
  const body = JSON.stringify({
    order_id: `ORD${index}`,
    user_id: `U${(index * 7_919) % users}`,
    order_timestamp: `2025-06-${day}T12:00:00Z`,
    order_value: 2000,
    items: [
      { product_id: 'P006', quantity: 5, price_per_unit: 200 },
      { product_id: 'P007', quantity: 2, price_per_unit: 500 },
    ],
    shipping_address: `${index} Pine Street, Springfield`,
    payment_method: 'CreditCard',
  });
  return { id, data: toOrderJob(body, { id, sentAt: '2025-06-01T12:00:00.000Z', receiveCount: 1 }) };
}

async function redisCpu(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
}
