import type { RequestHandler } from 'express';
import type { Cluster, Redis } from 'ioredis';

/** More about the process than whether Redis answers; asked on every /health. */
export type HealthDetails = () => Record<string, unknown>;

/**
 * 200 while Redis answers a PING, else 503 with the same keys. `redis` must be a connection that fails fast with
 * a command timeout well below a second: this is what load balancers and people in a hurry wait for.
 */
export function health(redis: Redis | Cluster, details: HealthDetails): RequestHandler {
  return async (_request, response) => {
    const started = performance.now();
    const connected = await redis.ping().then(
      () => true,
      () => false,
    );
    const latency = Math.round((performance.now() - started) * 100) / 100;
    response.status(connected ? 200 : 503).json({
      status: connected ? 'healthy' : 'unhealthy',
      redis: connected ? 'connected' : 'disconnected',
      redis_latency_ms: connected ? latency : null,
      timestamp: Date.now() / 1_000,
      ...details(),
    });
  };
}
