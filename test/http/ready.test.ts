import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALL_PARTS } from '../../src/app/allParts.ts';
import { startRole } from '../../src/app/startRole.ts';
import { readConfig } from '../../src/config/config.ts';
import { Services } from '../../src/runtime/services.ts';
import { silentLogger } from '../support/pipeline.ts';
import { freePort, startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

describe('a process that waits for its Redis', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-ready-'));
  const services = new Services(silentLogger());
  let redis: TestRedis | undefined;
  let redisPort: number;
  let url: string;
  let starting: Promise<unknown>;

  beforeAll(async () => {
    redisPort = await freePort();
    const port = String(await freePort());
    url = `http://127.0.0.1:${port}`;
    const config = readConfig({
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      PORT: port,
      EMBEDDED_SQS_PORT: String(await freePort()),
      DATA_DIR: dataDir,
    });
    starting = startRole(config, 'api', ALL_PARTS, silentLogger(), services);
    await until(async () => (await ask('/health/live')).status === 200, 'HTTP answers');
  });
  afterAll(async () => {
    await services.stop();
    await redis?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function ask(path: string): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${url}${path}`).catch(() => undefined);
    return { status: response?.status ?? 0, body: await response?.json() };
  }

  it('is alive, not ready, then ready; and not ready while Redis is gone, but alive', async () => {
    expect(await ask('/health/live')).toEqual({ status: 200, body: { status: 'alive' } });
    expect(await ask('/health/ready')).toEqual({
      status: 503,
      body: { status: 'not_ready', started: false, redis: 'disconnected' },
    });

    redis = await startTestRedis([], redisPort);
    await starting;
    await until(async () => (await ask('/health/ready')).status === 200, 'it is ready');
    expect((await ask('/health/ready')).body).toEqual({ status: 'ready', started: true, redis: 'connected' });

    await redis.stop();
    await until(async () => (await ask('/health/ready')).status === 503, 'it is not ready');
    expect((await ask('/health/ready')).body).toMatchObject({ started: true, redis: 'disconnected' });
    expect((await ask('/health/live')).status).toBe(200);
  });
});
