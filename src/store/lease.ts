import type { Cluster, Redis } from 'ioredis';

/** KEYS[1] the lease; ARGV[1] who asks, ARGV[2] ms. Whoever holds it, or nobody, may take it. */
const HOLD = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

const LET_GO = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end";

/** Whether it is `me` who does what the lease is for, for so many ms from now. */
export const holdLease = async (
  redis: Redis | Cluster,
  key: string,
  me: string,
  ms: number,
): Promise<boolean> => (await redis.eval(HOLD, 1, key, me, ms)) === 1;

/** Where Redis is away, the lease ends by itself. */
export async function letGoOfLease(redis: Redis | Cluster, key: string, me: string): Promise<void> {
  await redis.eval(LET_GO, 1, key, me).catch(() => {});
}
