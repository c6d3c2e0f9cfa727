import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import { type EmbeddedRedisEvents, startEmbeddedRedis } from '../embedded/redis.ts';
import type { Services } from '../runtime/services.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { type ConnectOptions, closeRedis, connectRedis, type RedisProfile } from '../store/connections.ts';
import { redisErrors } from '../store/redisAdvice.ts';
import { type RedisTarget, redisAddress } from '../store/redisTarget.ts';
import { DAMAGED, sayOnce } from '../store/stored.ts';

/** Opens a connection under a name that the stop tells, and has it closed then. */
export type Connect = (
  profile: RedisProfile,
  name: string,
  options?: Omit<ConnectOptions, 'onError'>,
) => Redis | Cluster;

export function connector(target: RedisTarget, logger: Logger, services: Services): Connect {
  const onError = redisErrors(logger, 'Redis connection');
  // One for all: several connections read the same.
  const onDamaged = sayOnce((place) =>
    logger.error('a value in Redis cannot be read and is left out', place),
  );
  return (profile, name, options) => {
    const redis = connectRedis(target, profile, { onError, ...options });
    redis.on(DAMAGED, onDamaged);
    services.add({ name: `Redis connection (${name})`, stop: async () => closeRedis(redis) });
    return redis;
  };
}

/** Where Redis is; the embedded one runs from here on. */
export async function locateRedis(
  config: Config,
  logger: Logger,
  services: Services,
  troubles: Troubles,
): Promise<RedisTarget> {
  if (config.redis.kind !== 'embedded') {
    logger.info('Redis', { at: redisAddress(config.redis), because: config.redis.why });
    return config.redis;
  }
  const embedded = await startEmbeddedRedis(config.dataDir, embeddedRedisEvents(logger, troubles));
  services.add({ name: 'embedded Redis', stop: () => embedded.stop() });
  const { host, port, joined, cutOff } = embedded;
  logger.info('Redis', {
    at: `${host}:${port}`,
    embedded: joined ? 'joined' : 'started',
    because: config.redis.why,
  });
  if (cutOff) logger.warn(EMBEDDED, { note: CUT_OFF });
  return { kind: 'server', host, port, tls: false };
}

const EMBEDDED = 'embedded Redis';
const CUT_OFF = 'its file ended inside a write, which was cut off: nobody was told that it was kept';

function embeddedRedisEvents(logger: Logger, troubles: Troubles): EmbeddedRedisEvents {
  return {
    gone({ reason, lines }) {
      troubles.report(EMBEDDED, `it ended: ${reason}`);
      logger.error('embedded Redis ended, it is started again', { reason, last_words: lines });
    },
    failed({ message }) {
      troubles.report(EMBEDDED, message.split('\n')[0] as string);
      logger.error('embedded Redis cannot be started at present', { error: message });
    },
    back({ cutOff }) {
      troubles.end(EMBEDDED);
      logger.info('embedded Redis is back', cutOff ? { note: CUT_OFF } : {});
    },
  };
}
