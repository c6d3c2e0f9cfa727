import { setTimeout as delay } from 'node:timers/promises';
import type { Role } from '../../src/config/roles.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions, type Partition } from '../../src/store/partitions.ts';
import { statsKeys } from '../../src/store/statsKeys.ts';
import { fillUsers } from '../bench/api/fill.ts';
import { load } from '../bench/api/load.ts';
import { printTable } from '../bench/support/table.ts';
import { fillQueue } from '../bench/worker/throughput.ts';
import { type Container, startContainer } from './container.ts';
import type { Engine } from './engine.ts';
import { type Stores, startStores } from './stores.ts';

const LIMITS_MB = [112, 128, 192, 256, 384, 768];
const ORDERS = 10_000;
const READ_SECONDS = 5;
const POLL_MS = 50;

interface Work {
  env: Record<string, string>;
  /** Orders that are through with it. */
  done(): Promise<number>;
}

/**
 * Each role with less and less memory, under as much work as it takes: whether it lives, and what it takes beside the
 * largest limit. A limit that is survived here once is no recommendation: what is, is said in docs/operate.md.
 */
export async function measureMemory(engine: Engine, image: string): Promise<void> {
  for (const role of ['worker', 'bridge', 'api', 'all'] as const) {
    const rows: ({ limit: number } & Played)[] = [];
    for (const limit of LIMITS_MB.toReversed()) {
      rows.push({ limit, ...(await played(engine, image, role, limit)) });
    }
    const most = rows[0]?.cpuSeconds ?? Number.NaN;
    printTable(
      `${role}, by limit of memory`,
      ['limit, MB', 'ended', 'most resident, MB', 'CPU s', '× CPU'],
      rows.map(({ limit, ended, mostMegabytes, cpuSeconds }) => [
        String(limit),
        ended,
        ...(cpuSeconds === undefined || mostMegabytes === undefined
          ? []
          : [mostMegabytes.toFixed(0), cpuSeconds.toFixed(1), (cpuSeconds / most).toFixed(2)]),
      ]),
    );
  }
}

interface Played {
  ended: string;
  cpuSeconds?: number;
  mostMegabytes?: number;
}

async function played(engine: Engine, image: string, role: Role, limit: number): Promise<Played> {
  const stores = await startStores();
  try {
    const { env, done } = await prepare(role, stores);
    const memory = [`--memory=${limit}m`, `--memory-swap=${limit}m`];
    const container = await startContainer(engine, image, role, env, memory);
    try {
      const worked = (await container.ready()) && (await workOut(container, role, done));
      const usage = container.usage();
      if (worked && usage) return { ended: 'works', ...usage };
      const { exitCode, killedForMemory } = container.state();
      return { ended: killedForMemory ? 'killed' : `exit ${exitCode}` };
    } finally {
      container.remove();
    }
  } finally {
    await stores.stop();
  }
}

/** Whether it lived through all of it. */
async function workOut(container: Container, role: Role, done: () => Promise<number>): Promise<boolean> {
  if (role === 'api') {
    const url = `${container.url}/stats/top-spenders?limit=1000`;
    return load({ url, connections: 64, seconds: READ_SECONDS }).then(
      () => true,
      () => false,
    );
  }
  while ((await done()) < ORDERS) {
    if (!container.state().running) return false;
    await delay(POLL_MS);
  }
  return true;
}

async function prepare(role: Role, { redis, redisUrl, sqs, fill }: Stores): Promise<Work> {
  const partition = makePartitions(1).all[0] as Partition;
  const counted = async () => Number(await redis.hget(statsKeys(partition).global, 'total_orders'));
  const { SQS_ENDPOINT: _, ...identity } = sqs;
  const env = { REDIS_URL: redisUrl, ...identity };
  if (role === 'api') {
    await fillUsers(redis, 100_000);
    return { env, done: counted };
  }
  if (role === 'worker') {
    await fillQueue(redisUrl, { jobs: ORDERS, users: 1_000, days: 2 });
    return { env, done: counted };
  }
  await fill(ORDERS);
  const waiting = () => redis.llen(`${partition.tag}:${ORDER_QUEUE}:wait`);
  return {
    env: { ...env, ...sqs, QUEUE_NAME: 'orders' },
    done: role === 'bridge' ? waiting : counted,
  };
}
