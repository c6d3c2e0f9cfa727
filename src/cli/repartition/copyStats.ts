import type { Cluster, Redis } from 'ioredis';
import type { Partition } from '../../store/partitions.ts';
import { type StatsKeys, statsKeys } from '../../store/statsKeys.ts';
import { membersAt, replies } from '../kit/redisPages.ts';
import { countSpenders, type Periods, readPeriods } from '../verify/periods.ts';
import { type Part, Writes } from './part.ts';
import type { Split } from './split.ts';

/** A user's hash is a command each, both ways; members of lists travel together. */
const USERS_AT_ONCE = 500;
const MEMBERS_AT_ONCE = 1_000;

/** What an old partition holds by user: their hashes, the two lists, the spenders of each day and month. */
export async function statsParts(redis: Redis | Cluster, source: Partition, split: Split): Promise<Part[]> {
  const keys = statsKeys(source);
  const parts: Part[] = [await usersPart(redis, keys, split)];
  const count = await redis.zcard(keys.byCount);
  parts.push(listPart(redis, keys.byCount, count, split, (target) => target.byCount));
  for (const key of [keys.days, keys.months]) {
    const periods: Periods = await readPeriods(redis, key, '');
    await countSpenders(redis, keys, periods);
    for (const [period, { spenders }] of [...periods].sort()) {
      parts.push(periodPart(redis, keys, period, spenders, split));
    }
  }
  return parts;
}

async function usersPart(redis: Redis | Cluster, keys: StatsKeys, split: Split): Promise<Part> {
  const { size, copy } = listPart(
    redis,
    keys.bySpend,
    await redis.zcard(keys.bySpend),
    split,
    (of) => of.bySpend,
  );
  return {
    size,
    batch: USERS_AT_ONCE,
    async copy(from, to) {
      const users = await redis.zrange(keys.bySpend, from, String(to - 1));
      const pipe = redis.pipeline();
      for (const user of users) pipe.call('HGETALL', keys.user(user));
      const hashes = await replies<string[]>(pipe);
      const writes = new Writes(redis);
      for (const [index, user] of users.entries()) {
        const hash = hashes[index] ?? [];
        const target = split.to.of(user);
        if (hash.length > 0) writes.to(target).hset(split.keysOf(target).user(user), ...hash);
      }
      await writes.send();
      await copy(from, to);
    },
  };
}

/** The spenders of a day or month with their orders. */
function periodPart(
  redis: Redis | Cluster,
  keys: StatsKeys,
  period: string,
  spenders: number,
  split: Split,
): Part {
  const list = listPart(redis, keys.spend(period), spenders, split, (target) => target.spend(period));
  return {
    ...list,
    async copy(from, to) {
      const users = await redis.zrange(keys.spend(period), from, String(to - 1));
      const counts = await redis.hmget(keys.counts(period), ...users);
      const shares = new Map<Partition, string[]>();
      for (const [index, user] of users.entries()) {
        const count = counts[index];
        if (count == null) continue;
        const target = split.to.of(user);
        shares.set(target, [...(shares.get(target) ?? []), user, count]);
      }
      const writes = new Writes(redis);
      for (const [target, share] of shares)
        writes.to(target).hset(split.keysOf(target).counts(period), ...share);
      await writes.send();
      await list.copy(from, to);
    },
  };
}

function listPart(
  redis: Redis | Cluster,
  key: string,
  size: number,
  split: Split,
  keyIn: (target: StatsKeys) => string,
): Part {
  return {
    size,
    batch: MEMBERS_AT_ONCE,
    async copy(from, to) {
      const shares = new Map<Partition, (string | number)[]>();
      for (const { member, score } of await membersAt(redis, key, from, to - from)) {
        const target = split.to.of(member);
        const share = shares.get(target) ?? [];
        share.push(score, member);
        shares.set(target, share);
      }
      const writes = new Writes(redis);
      for (const [target, share] of shares) writes.to(target).zadd(keyIn(split.keysOf(target)), ...share);
      await writes.send();
    },
  };
}
