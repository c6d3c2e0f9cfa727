import type { Cluster, Redis } from 'ioredis';
import { lacks } from './redisAdvice.ts';

/**
 * What scripts and pipelines of ours and of BullMQ run. Without one of these a start would look well, and every order
 * would end as failed.
 */
export const NEEDED_COMMANDS = (
  'get set del unlink exists incr incrby pexpire pexpireat pttl hget hmget hgetall hkeys hlen hset hmset hdel hexists ' +
  'hincrby lpush rpush lpop rpop rpoplpush lrange llen lindex lrem ltrim sadd srem scard smembers zadd zrem zcard ' +
  'zscore zmscore zcount zrange zrevrange zrangebyscore zrevrangebyscore zrangebylex zremrangebyscore zpopmin bzpopmin zscan ' +
  'xadd xlen xtrim time evalsha multi exec'
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
