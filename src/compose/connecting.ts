import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import { startEmbeddedRedis } from '../runtime/embeddedRedis.ts';
import { type ConnectOptions, closeRedis, connectRedis, type RedisProfile } from '../runtime/redis.ts';
import { type RedisTarget, redisAddress } from '../runtime/redisTarget.ts';
import type { Services } from '../runtime/services.ts';
import { throttledErrors } from '../runtime/throttle.ts';

/** Opens a connection under a name that the stop tells, and has it closed then. */
export type Connect = (
  profile: RedisProfile,
  name: string,
  options?: Omit<ConnectOptions, 'onError'>,
) => Redis | Cluster;

export function connector(target: RedisTarget, logger: Logger, services: Services): Connect {
  const onError = throttledErrors(logger, 'Redis connection');
  return (profile, name, options) => {
    const redis = connectRedis(target, profile, { onError, ...options });
    services.add({ name: `Redis connection (${name})`, stop: async () => closeRedis(redis) });
    return redis;
  };
}

/** Where Redis is; the embedded one runs from here on. */
export async function locateRedis(config: Config, logger: Logger, services: Services): Promise<RedisTarget> {
  if (config.redis.kind !== 'embedded') {
    logger.info('Redis', { at: redisAddress(config.redis), because: config.redis.why });
    return config.redis;
  }
  const embedded = await startEmbeddedRedis(config.dataDir);
  services.add({ name: 'embedded Redis', stop: () => embedded.stop() });
  const { host, port, joined } = embedded;
  logger.info('Redis', {
    at: `${host}:${port}`,
    embedded: joined ? 'joined' : 'started',
    because: config.redis.why,
  });
  return { kind: 'server', host, port, tls: false };
}
