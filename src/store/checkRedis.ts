import { Cluster, type Redis } from 'ioredis';
import { masters } from './connections.ts';
import { isFrom, readInfo, serverName } from './info.ts';
import { lacks } from './redisAdvice.ts';

/** What the product leans on: WAIT and ZMSCORE aside, BullMQ is only tested from here on. */
const OLDEST = [6, 2] as const;

/**
 * Refuses a server the promise cannot be kept on: one that evicts keys under memory pressure would drop jobs and
 * totals without a word. BullMQ only warns about it. Every master of a cluster is asked. A database that is not there is
 * refused as well.
 */
export async function checkRedis(redis: Redis | Cluster): Promise<void> {
  for (const server of masters(redis)) {
    const info = await readInfo(server, 'server', 'memory');
    if (!isFrom(info, OLDEST)) {
      throw new Error(`${serverName(info)} is too old: at least Redis ${OLDEST.join('.')} is needed`);
    }
    const policy = info.get('maxmemory_policy');
    if (policy !== undefined && policy !== 'noeviction') {
      throw new Error(
        `Redis has maxmemory-policy ${policy}, which drops orders and totals when memory runs short: ` +
          'set it to noeviction',
      );
    }
  }
  await checkDatabase(redis);
}

/** ioredis goes on in database 0 when the one it asked for is refused. */
async function checkDatabase(redis: Redis | Cluster): Promise<void> {
  if (redis instanceof Cluster) return;
  const asked = redis.options.db ?? 0;
  const own = String(await redis.client('INFO'));
  if (/\bdb=(\d+)/.exec(own)?.[1] !== String(asked)) {
    throw new Error(
      `Redis has no database ${asked}: set REDIS_DB, or the number in REDIS_URL, to one it has`,
    );
  }
}

/**
 * What scripts and pipelines of ours and of BullMQ run, as docs/operate.md lists it. Without one of these a start would
 * look well, and every order, or somebody's repair later, would end as failed.
 */
export const NEEDED_COMMANDS = (
  'time scan multi exec evalsha dbsize get set del unlink exists type incr incrby persist expire pexpire pexpireat pttl rename ' +
  'hget hmget hgetall hkeys hlen hset hmset hdel hexists hincrby hscan lpush rpush lpop rpop rpoplpush lrange llen ' +
  'lindex lset lrem ltrim lpos sadd srem scard smembers sismember sscan zadd zrem zcard zscore zmscore zcount zlexcount ' +
  'zrange zrevrange zrangebyscore zrevrangebyscore zrangebylex zrangestore zremrangebyscore zremrangebyrank zpopmin ' +
  'bzpopmin zscan xadd xlen xrange xrevrange xread xtrim xdel'
).split(' ');

/**
 * Redis tells scripts what the user may do from 7.0 on; before, a missing permission shows at the first use. From 8.0 on it
 * tells so only of a command with as many arguments as that takes.
 */
const ASK = `
  local key = KEYS[1]
  local tries = { { key, key, key }, { key }, { key, key }, {}, { key, key, key, key } }
  local function lacks(command)
    for _, arguments in ipairs(tries) do
      local known, allowed = pcall(redis.acl_check_cmd, command, unpack(arguments))
      if known then return not allowed end
    end
  end
  local missing = {}
  if redis.acl_check_cmd then
    for _, command in ipairs(ARGV) do
      if lacks(command) then table.insert(missing, command) end
    end
  end
  return missing`;

/** Throws, naming them, when the user may not run commands that are needed later. `key` is any of ours. */
export async function checkPermissions(redis: Redis | Cluster, key: string): Promise<void> {
  const missing = (await redis.eval(ASK, 1, key, ...NEEDED_COMMANDS)) as string[];
  if (missing.length > 0) throw new Error(lacks(missing));
}
