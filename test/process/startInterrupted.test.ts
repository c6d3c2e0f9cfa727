import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ALL_PARTS } from '../../src/app/allParts.ts';
import { startRole } from '../../src/app/startRole.ts';
import { readConfig } from '../../src/config/config.ts';
import { Services } from '../../src/runtime/services.ts';
import { LAYOUT_KEY, PARTITIONS_KEY } from '../../src/store/keys.ts';
import { silentLogger } from '../support/pipeline.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';

describe('a start during which Redis goes away', () => {
  let redis: TestRedis;
  let wire: TcpProxy;
  let services: Services;
  let dataDir: string;

  beforeEach(async () => {
    redis = await startTestRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
    wire = await startTcpProxy(redis.port);
    services = new Services(silentLogger());
    dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-start-'));
  });
  afterEach(async () => {
    await services.stop();
    await wire.stop();
    await redis.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const start = (settings: Record<string, string> = {}) =>
    startRole(
      readConfig({
        REDIS_URL: `redis://127.0.0.1:${wire.port}`,
        PORT: '0',
        DATA_DIR: dataDir,
        PARTITIONS: '2',
        DURABILITY: 'fsync',
        ...settings,
      }),
      'worker',
      ALL_PARTS,
      silentLogger(),
      services,
    );

  it.each([
    ['is asked what it can do', 'memory\r\n'],
    ['is asked for the layout', LAYOUT_KEY],
    ['is asked for the partitions', PARTITIONS_KEY],
    ['is asked how safe a write is', 'persistence\r\n'],
  ])('ends well when that happens as it %s', async (_, command) => {
    const cut = wire.cutInside((chunk) => (chunk.includes(command) ? chunk.length : undefined));
    await start();
    await cut;
    expect(await redis.client().get(PARTITIONS_KEY)).toBe('2');
  });

  it('ends well when Redis takes no writes at first', async () => {
    await redis.client().config('SET', 'min-replicas-to-write', '1');
    const starting = start();
    await until(
      async () => (await redis.client().info('errorstats')).includes('NOREPLICAS'),
      'a write is refused',
    );
    await redis.client().config('SET', 'min-replicas-to-write', '0');
    await starting;
    expect(await redis.client().get(PARTITIONS_KEY)).toBe('2');
  });

  it('still refuses at once what no waiting will change', async () => {
    await redis.client().set(PARTITIONS_KEY, '3');
    await expect(start()).rejects.toThrow('PARTITIONS is 2, but this Redis was started with 3');
  });

  it('refuses a database that the server does not have, instead of using another', async () => {
    await expect(start({ REDIS_URL: `redis://127.0.0.1:${wire.port}/99` })).rejects.toThrow('no database 99');
    expect(await redis.client().dbsize()).toBe(0);
  });

  it('ends when it is told to stop while Redis is gone', async () => {
    const cut = wire.cutInside((chunk) => (chunk.includes(LAYOUT_KEY) ? chunk.length : undefined));
    const refused = expect(start()).rejects.toThrow('closed before it was ready');
    await cut;
    await wire.refuse();
    await services.stop();
    await refused;
  });

  it('ends when it is told to stop', async () => {
    await redis.client().config('SET', 'min-replicas-to-write', '1');
    const starting = start();
    const refused = expect(starting).rejects.toThrow('closed before it was ready');
    await until(
      async () => (await redis.client().info('errorstats')).includes('NOREPLICAS'),
      'a write is refused',
    );
    await services.stop();
    await refused;
  });
});
