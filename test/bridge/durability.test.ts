import { describe, expect, it } from '@jest/globals';
import { chooseDurability } from '../../src/store/durability.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { inRig } from './rig.ts';

const AOF = ['--appendonly', 'yes', '--appendfsync'];

async function withRedis<T>(options: string[], use: (redis: TestRedis) => Promise<T>): Promise<T> {
  const redis = await startTestRedis(options);
  return use(redis).finally(() => redis.stop());
}

/** `WAITAOF` came with 7.2: what a server that syncs every second can confirm depends on it. */
async function confirmsSyncs(redis: TestRedis): Promise<boolean> {
  const [, major = 0, minor = 0] = (
    /redis_version:(\d+)\.(\d+)/.exec(await redis.client().info('server')) ?? []
  ).map(Number);
  return major > 7 || (major === 7 && minor >= 2);
}

describe('without DURABILITY, jobs are as safe as this Redis makes them', () => {
  it('in memory, without an append-only file', () =>
    withRedis([], async (redis) => {
      expect(await chooseDurability(redis.client(), undefined)).toMatchObject({
        level: 'memory',
        lanes: 1,
        why: 'the strongest this Redis gives on its own: its append-only file is off (appendonly yes turns it on)',
      });
    }));

  it('on disk, with a file synced at every write: the reply confirms it', () =>
    withRedis([...AOF, 'always'], async (redis) => {
      const durability = await chooseDurability(redis.client(), undefined);
      expect(durability).toMatchObject({
        level: 'fsync',
        lanes: 1,
        why: 'the strongest this Redis gives on its own: appendfsync is always',
      });
      await durability.confirm(redis.client());
    }));

  it('on disk with a file synced every second where Redis can confirm it, else in memory', () =>
    withRedis([...AOF, 'everysec'], async (redis) => {
      const durability = await chooseDurability(redis.client(), undefined);
      expect(durability).toMatchObject(
        (await confirmsSyncs(redis))
          ? { level: 'fsync', why: expect.stringMatching(/ confirms by WAITAOF$/) }
          : {
              level: 'memory',
              why: expect.stringMatching(
                /has no WAITAOF \(Redis 7\.2 has\).*have to be always and is everysec$/,
              ),
            },
      );
      await durability.confirm(redis.client());
    }));

  it('the same, where the server does not let us look at its settings', () =>
    withRedis([...AOF, 'everysec', '--rename-command', 'CONFIG', ''], async (redis) => {
      expect(await chooseDurability(redis.client(), undefined)).toMatchObject(
        (await confirmsSyncs(redis))
          ? { level: 'fsync', why: expect.stringMatching(/ confirms by WAITAOF$/) }
          : { level: 'memory', why: expect.stringMatching(/have to be always and is unknown$/) },
      );
    }));
});

describe('DURABILITY is obeyed or refused, never weakened', () => {
  it.each([
    [
      'fsync',
      [],
      /^DURABILITY=fsync cannot be had: its append-only file is off \(appendonly yes turns it on\)$/,
    ],
    ['replicas:1', [], /^DURABILITY=replicas:1 cannot be had: a Redis master has 0 connected replicas$/],
  ] as const)('%s is refused where it cannot be had', (asked, options, why) =>
    withRedis([...options], async (redis) => {
      await expect(chooseDurability(redis.client(), asked)).rejects.toThrow(why);
    }),
  );

  it('fsync is taken with appendfsync always, and with everysec where Redis can confirm it', () =>
    withRedis([...AOF, 'always'], async (redis) => {
      const client = redis.client();
      expect((await chooseDurability(client, 'fsync')).level).toBe('fsync');
      await client.config('SET', 'appendfsync', 'everysec');
      const choice = chooseDurability(client, 'fsync');
      if (await confirmsSyncs(redis)) expect((await choice).level).toBe('fsync');
      else await expect(choice).rejects.toThrow(/would have to be always and is everysec$/);
    }));

  it('memory is taken although more could be had', () =>
    withRedis([...AOF, 'always'], async (redis) => {
      expect(await chooseDurability(redis.client(), 'memory')).toMatchObject({
        level: 'memory',
        why: 'DURABILITY is set',
      });
    }));
});

describe('a bridge does not start', () => {
  it(
    'on a Redis that cannot give the durability asked for',
    inRig(async (rig) => {
      await expect(rig.start({ DURABILITY: 'fsync' })).rejects.toThrow('DURABILITY=fsync cannot be had');
    }),
  );

  it(
    'on a Redis that drops keys when memory runs short',
    inRig(async (rig) => {
      // The rig's own queue would warn of it.
      await rig.queue.waitUntilReady();
      await rig.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await expect(rig.start()).rejects.toThrow(
        'Redis has maxmemory-policy allkeys-lru, which drops orders and totals when memory runs short',
      );
    }),
  );
});
