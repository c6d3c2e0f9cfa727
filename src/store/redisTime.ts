import type { Cluster, Redis } from 'ioredis';

/** What TIME answers, as ms since 1970. */
export const msOfTime = ([seconds, microseconds]: readonly unknown[]): number =>
  Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);

/** Now by the clock of Redis, ms since 1970: the same whichever process asks. */
export const redisNow = async (redis: Redis | Cluster): Promise<number> => msOfTime(await redis.time());

/** The same, ISO, UTC: what is written down for people, whose processes may take it for another year. */
export const redisDate = async (redis: Redis | Cluster): Promise<string> =>
  new Date(await redisNow(redis)).toISOString();
