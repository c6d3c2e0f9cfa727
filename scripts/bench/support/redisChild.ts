import { serveParent } from './child.ts';
import { startBenchRedis } from './redisServer.ts';

/*
 * A Redis behind a process that hears when the benchmark is gone: Redis itself would outlive a killed benchmark.
 * To be asked to stop before it is killed, for the same reason.
 */
export type RedisRequest = { do: 'where' } | { do: 'stop' };

const redis = await startBenchRedis();

serveParent(async (request: RedisRequest) => {
  if (request.do === 'stop') redis.stop();
  return redis.url;
});
