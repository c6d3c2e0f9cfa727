import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import type { Usage } from '../support/product.ts';
import { commandFigures } from '../support/redisFigures.ts';
import { inSurroundings, type Product } from '../support/surroundings.ts';
import { printTable } from '../support/table.ts';

/** Streams that begin together need a moment until each has had its first snapshot. */
const SETTLE_MS = 3_000;

interface Look {
  core: number;
  commands: number;
  snapshots: number;
}

/** What an API takes while nobody looks at its page, one does, and many do. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { clients: { type: 'string', default: '200' }, seconds: { type: 'string', default: '20' } },
  });
  const seconds = Number(values.seconds);
  const rows = await inSurroundings(async ({ env, startProduct }) => {
    const api = await startProduct('api', { RATE_LIMIT_PER_ADDRESS: '0' });
    const redis = new Redis(env.REDIS_URL as string);
    try {
      const found: string[][] = [];
      for (const clients of [0, 1, Number(values.clients)]) {
        const { core, commands, snapshots } = await look(api, redis, clients, seconds);
        found.push([String(clients), core.toFixed(1), commands.toFixed(1), snapshots.toFixed(2)]);
      }
      return found;
    } finally {
      redis.disconnect();
    }
  });
  printTable(
    `Open pages at one API, ${seconds} s each`,
    ['pages', '% of a core', 'Redis commands a second', 'snapshots a second at each'],
    rows,
  );
}

async function look({ child, url }: Product, redis: Redis, clients: number, seconds: number): Promise<Look> {
  const leaving = new AbortController();
  let events = 0;
  const read = async () => {
    const response = await fetch(`${url}/pulse/stream`, { signal: leaving.signal });
    if (!response.ok || !response.body) throw new Error(`/pulse/stream answered ${response.status}`);
    for await (const chunk of response.body) if (Buffer.from(chunk).includes('data:')) events += 1;
  };
  const readers = Array.from({ length: clients }, () =>
    read().catch((error) => {
      if (!leaving.signal.aborted) throw error;
    }),
  );
  await delay(SETTLE_MS);
  await redis.config('RESETSTAT');
  events = 0;
  const before = await child.ask<Usage>({ do: 'usage' });
  const began = performance.now();
  await delay(seconds * 1_000);
  const after = await child.ask<Usage>({ do: 'usage' });
  const took = performance.now() - began;
  const { calls } = await commandFigures(redis);
  const seen = events;
  leaving.abort();
  await Promise.all(readers);
  return {
    core: (after.cpuMicroseconds - before.cpuMicroseconds) / (10 * took),
    commands: (1_000 * calls) / took,
    snapshots: clients === 0 ? 0 : (1_000 * seen) / took / clients,
  };
}
