import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '../../../src/config/roles.ts';
import { freePort } from '../../support/freePort.ts';
import { type Child, startChild } from './child.ts';
import type { ProductRequest } from './product.ts';
import type { RedisRequest } from './redisChild.ts';

/** The product's process, and where its API answers. */
export interface Product {
  child: Child;
  url: string;
}

/** What a measurement runs in: a Redis and a data folder of its own, and whatever processes it starts. */
export interface Surroundings {
  /** What the product is told by its environment, so that it uses nothing of this machine's other processes. */
  env: Record<string, string>;
  start(module: URL, env?: Record<string, string>): Promise<Child>;
  startProduct(role: Role, env: Record<string, string>): Promise<Product>;
}

/** Nothing it started is left when it returns, whatever `measure` ends with. */
export async function inSurroundings<T>(measure: (around: Surroundings) => Promise<T>): Promise<T> {
  const children: Child[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'order-pipeline-bench-'));
  const start = async (module: URL, env?: Record<string, string>) => {
    const child = await startChild(module, env);
    children.push(child);
    return child;
  };
  const redis = await startChild(new URL('./redisChild.ts', import.meta.url));
  try {
    const env = {
      REDIS_URL: await redis.ask<string>({ do: 'where' } satisfies RedisRequest),
      EMBEDDED_SQS_PORT: String(await freePort()),
      DATA_DIR: folder,
      LOG_DIR: join(folder, 'logs'),
      // A line per request would measure how fast we ask.
      LOG_LEVEL: 'error',
    };
    return await measure({
      env,
      start,
      async startProduct(role, more) {
        const child = await start(new URL('./product.ts', import.meta.url));
        const full = { ...env, PORT: String(await freePort()), ...more };
        const url = await child.ask<string>({ do: 'start', role, env: full } satisfies ProductRequest);
        return { child, url };
      },
    });
  } finally {
    await Promise.all(children.map((child) => child.kill()));
    await redis.ask({ do: 'stop' } satisfies RedisRequest);
    await redis.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
