import type { Cluster, Redis } from 'ioredis';
import { lacks } from './redisAdvice.ts';

/**
 * What scripts and pipelines of ours and of BullMQ run, as docs/operate.md lists it. Without one of these a start would
 * look well, and every order, or somebody's repair later, would end as failed.
 */
export const NEEDED_COMMANDS = (
  'time scan multi exec evalsha dbsize get set del unlink exists type incr incrby persist pexpire pexpireat pttl rename ' +
  'hget hmget hgetall hkeys hlen hset hmset hdel hexists hincrby hscan lpush rpush lpop rpop rpoplpush lrange llen ' +
  'lindex lset lrem ltrim lpos sadd srem scard smembers sismember sscan zadd zrem zcard zscore zmscore zcount zlexcount ' +
  'zrange zrevrange zrangebyscore zrevrangebyscore zrangebylex zrangestore zremrangebyscore zremrangebyrank zpopmin ' +
  'bzpopmin zscan xadd xlen xrange xread xtrim xdel'
).split(' ');

/** Redis tells scripts what the user may do from 7.0 on; before, a missing permission shows at the first use. */
const ASK = `
  local missing = {}
  if redis.acl_check_cmd then
    for _, command in ipairs(ARGV) do
      local known, allowed = pcall(redis.acl_check_cmd, command, KEYS[1], KEYS[1], KEYS[1])
      if known and not allowed then table.insert(missing, command) end
    end
  end
  return missing`;

/** Throws, naming them, when the user may not run commands that are needed later. `key` is any of ours. */
export async function checkPermissions(redis: Redis | Cluster, key: string): Promise<void> {
  const missing = (await redis.eval(ASK, 1, key, ...NEEDED_COMMANDS)) as string[];
  if (missing.length > 0) throw new Error(lacks(missing));
}
