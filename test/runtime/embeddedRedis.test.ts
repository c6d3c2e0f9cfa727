import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type EmbeddedRedis, startEmbeddedRedis } from '../../src/embedded/redis.ts';
import { makeProducts } from '../process/product.ts';
import { until } from '../support/until.ts';

describe('the embedded Redis', () => {
  let dataDir: string;
  let started: EmbeddedRedis[];
  let clients: Redis[];

  beforeEach(() => {
    // A blank in it, because a home folder may have one.
    dataDir = mkdtempSync(join(tmpdir(), 'order pipeline '));
    started = [];
    clients = [];
  });
  afterEach(async () => {
    for (const client of clients) client.disconnect();
    for (const redis of started) await shutDown(redis);
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function start(dir = dataDir): Promise<EmbeddedRedis> {
    const redis = await startEmbeddedRedis(dir);
    started.push(redis);
    return redis;
  }

  /** A connection as a process of the product holds one. */
  async function use({ host, port }: EmbeddedRedis): Promise<Redis> {
    const client = new Redis(port, host, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => {});
    clients.push(client);
    await client.connect();
    return client;
  }

  const letGo = async (client: Redis): Promise<void> => {
    await client.quit();
  };

  async function isServing(redis: EmbeddedRedis): Promise<boolean> {
    try {
      await letGo(await use(redis));
      return true;
    } catch {
      return false;
    }
  }

  /** Whatever a failed test left behind: the server would outlive this process. */
  async function shutDown(redis: EmbeddedRedis): Promise<void> {
    const client = await use(redis).catch(() => undefined);
    await client?.shutdown('NOSAVE').catch(() => {});
  }

  it('serves this machine only, on a port of its own, and forgets nothing', async () => {
    const redis = await start();
    expect(redis).toMatchObject({ host: '127.0.0.1', joined: false });
    expect(redis.port).not.toBe(6379);
    const client = await use(redis);
    const setting = async (name: string) => ((await client.config('GET', name)) as string[])[1];
    expect(await setting('bind')).toBe('127.0.0.1');
    expect(await setting('appendonly')).toBe('yes');
    expect(await setting('maxmemory-policy')).toBe('noeviction');
  });

  it('is joined by a second start of the same folder', async () => {
    const first = await start();
    await use(first);
    const second = await start();
    expect(second).toMatchObject({ host: first.host, port: first.port, joined: true });
  });

  it('is another one for another folder', async () => {
    const [one, two] = [await start(join(dataDir, 'one')), await start(join(dataDir, 'two'))];
    expect(two.joined).toBe(false);
    expect(two.port).not.toBe(one.port);
  });

  it('is one server however many start it at once', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => start()));
    expect(new Set(all.map(({ port }) => port)).size).toBe(1);
    expect(all.filter(({ joined }) => !joined)).toHaveLength(1);
  });

  it('is the same one for a folder reached by a link', async () => {
    const link = `${dataDir} link`;
    symlinkSync(dataDir, link);
    try {
      const direct = await start();
      await use(direct);
      expect(await start(link)).toMatchObject({ port: direct.port, joined: true });
      expect((await start(link)).joined).toBe(true);
    } finally {
      unlinkSync(link);
    }
  });

  it('is stopped by the last one out, and not before', async () => {
    const [first, second] = [await start(), await start()];
    const [firstClient, secondClient] = [await use(first), await use(second)];
    await letGo(firstClient);
    await first.stop();
    expect(await secondClient.ping()).toBe('PONG');
    await letGo(secondClient);
    await second.stop();
    expect(await isServing(second)).toBe(false);
  });

  it('may be stopped twice, and after it has gone by itself', async () => {
    const redis = await start();
    await redis.stop();
    await redis.stop();
    expect(await isServing(redis)).toBe(false);
  });

  it('has its data again after a stop and a start', async () => {
    const first = await start();
    const client = await use(first);
    await client.set('kept', 'yes');
    await letGo(client);
    await first.stop();
    const second = await start();
    expect(second.joined).toBe(false);
    expect(await (await use(second)).get('kept')).toBe('yes');
  });

  it('serves a start that comes while the last one is on its way out', async () => {
    const first = await start();
    const [second] = await Promise.all([start(), first.stop()]);
    expect(await isServing(second)).toBe(true);
  });

  it('is adopted, data and all, after the process that started it was killed', async () => {
    const products = makeProducts();
    try {
      const product = await products.start(['worker'], { PORT: '0', DATA_DIR: dataDir });
      await product.ready();
      product.signal('SIGKILL');
      await product.exited;
      const adopted = await start();
      expect(adopted.joined).toBe(true);
      const client = await use(adopted);
      expect(await client.get('order-pipeline:partitions')).toBe('1');
      await letGo(client);
      await until(async () => {
        await adopted.stop();
        return !(await isServing(adopted));
      }, 'Redis has noticed that the killed process is gone');
    } finally {
      await products.stop();
    }
  });

  it.each([
    ['of a process that is gone', '999999999'],
    ['of a process that died before it wrote its id', ''],
  ])('starts in spite of an old lock %s', async (_, content) => {
    mkdirSync(join(dataDir, 'redis'));
    const lock = join(dataDir, 'redis', 'starting');
    writeFileSync(lock, content);
    const anHourAgo = Date.now() / 1_000 - 3_600;
    utimesSync(lock, anHourAgo, anHourAgo);
    expect((await start()).joined).toBe(false);
    expect(existsSync(lock)).toBe(false);
  });

  it('starts in spite of a port file that names a stranger', async () => {
    const stranger = await start(join(dataDir, 'stranger'));
    mkdirSync(join(dataDir, 'redis'));
    writeFileSync(join(dataDir, 'redis', 'port'), String(stranger.port));
    const own = await start();
    expect(own.joined).toBe(false);
    expect(own.port).not.toBe(stranger.port);
  });
});
