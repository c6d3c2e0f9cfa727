import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import {
  type EmbeddedRedis,
  type EmbeddedRedisEvents,
  startEmbeddedRedis,
} from '../../src/embedded/redis.ts';
import { until } from '../support/until.ts';

describe('an embedded Redis that died', () => {
  let dataDir: string;
  let users: { redis: EmbeddedRedis; told: string[] }[];

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-died-'));
    users = [];
  });
  afterEach(async () => {
    for (const { redis } of users) await redis.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** A process of the product that uses it, and what it hears. */
  async function use(): Promise<(typeof users)[number]> {
    const told: string[] = [];
    const events: EmbeddedRedisEvents = {
      gone: ({ reason, lines }) => told.push(`gone: ${reason} | ${lines.join(' ')}`),
      failed: ({ message }) => told.push(`failed: ${message}`),
      back: ({ cutOff }) => told.push(cutOff ? 'back, cut off' : 'back'),
    };
    const user = { redis: await startEmbeddedRedis(dataDir, events), told };
    users.push(user);
    return user;
  }

  async function ask<T>({ redis }: (typeof users)[number], what: (client: Redis) => Promise<T>): Promise<T> {
    const client = new Redis(redis.port, redis.host, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
    client.on('error', () => {});
    try {
      return await what(client);
    } finally {
      client.disconnect();
    }
  }

  async function kill(user: (typeof users)[number]): Promise<void> {
    const info = await ask(user, (client) => client.info('server'));
    process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), 'SIGKILL');
  }

  const isBack = (told: string[]) => until(() => told.at(-1)?.startsWith('back') ?? false, 'it is back');

  it('by kill -9 is back at its address, data and all, and everybody is told', async () => {
    const [starter, other] = [await use(), await use()];
    await ask(starter, (client) => client.set('kept', 'yes'));
    await kill(starter);
    await Promise.all([isBack(starter.told), isBack(other.told)]);
    expect(await ask(other, (client) => client.get('kept'))).toBe('yes');
    for (const { told } of users) {
      expect(told).toHaveLength(2);
      expect(told[0]).toContain('gone: it said nothing, as after kill -9');
    }
  });

  it('is started again by who is left when its starter has gone', async () => {
    const [starter, other] = [await use(), await use()];
    await starter.redis.stop();
    await kill(other);
    await isBack(other.told);
    expect(await ask(other, (client) => client.ping())).toBe('PONG');
    expect(starter.told).toEqual([]);
  });

  it('again and again is back each time, and not after the last one has left', async () => {
    const user = await use();
    for (let times = 1; times <= 3; times += 1) {
      await kill(user);
      await until(() => user.told.length === 2 * times, 'it is back');
    }
    await user.redis.stop();
    await expect(ask(user, (client) => client.ping())).rejects.toThrow();
  });

  it('inside a write says that the end of its file was cut off', async () => {
    const user = await use();
    await ask(user, (client) => client.set('kept', 'yes'));
    const [, folder] = (await ask(user, (client) => client.config('GET', 'appenddirname'))) as [
      string,
      string,
    ];
    const file = join(dataDir, 'redis', folder, 'appendonly.aof.1.incr.aof');
    writeFileSync(file, '*3\r\n$3\r\nSET\r\n$4\r\nlo', { flag: 'a' });
    await kill(user);
    await isBack(user.told);
    expect(user.told.at(-1)).toBe('back, cut off');
    expect(await ask(user, (client) => client.get('kept'))).toBe('yes');
  });
});
