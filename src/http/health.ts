import type { Request, RequestHandler, Response } from 'express';
import type { Cluster, Redis } from 'ioredis';
import { deadline } from '../runtime/deadline.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { version } from '../runtime/version.ts';
import { masters } from '../store/connections.ts';
import { readInfo, serverName } from '../store/info.ts';
import type { queueOperation } from './description/liveOperations.ts';
import type { AnswerOf } from './description/operation.ts';
import { HttpProblem } from './transport/problem.ts';

/**
 * More about the process than whether Redis answers; asked on every /health. What tells amounts or ids is for those
 * who may read the stats.
 */
export type HealthDetails = (mayRead: boolean) => Record<string, unknown>;

/** How many orders are where, and when the one that waits longest for a worker was added, ms since 1970. */
export interface QueueDepth {
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  oldestAt: number | undefined;
}

export interface HealthParts {
  redis: Redis | Cluster;
  ping: Ping;
  details: HealthDetails;
  troubles: Troubles;
  queueState: () => QueueDepth | undefined;
  /** By the clock that `oldestAt` is of, ms since 1970. */
  now: () => number;
  /** Whether everything that the role does has started. */
  isStarted: () => boolean;
  /** Whether who asks may read the stats. Never refuses: a probe with a wrong key is a probe. */
  mayRead: (request: Request, response: Response) => Promise<boolean>;
}

export interface HealthRoutes {
  /** For people and dashboards. */
  health: RequestHandler;
  /** Whether to send this process traffic. */
  ready: RequestHandler;
  /** Whether to leave this process alone. */
  live: RequestHandler;
  /** How much work waits, for autoscalers. */
  queue: () => Promise<AnswerOf<typeof queueOperation>>;
}

/** Load balancers and people in a hurry wait for this. */
const PING_TIMEOUT_MS = 800;

/**
 * `/health` is 200 while Redis answers, else 503 with the same keys; with 200 it is `degraded` while there are troubles
 * that neither a restart nor another replica would mend. `/health/ready` is 200 once everything of the role
 * has started and while Redis answers. `/health/live` is 200 whenever this process can answer at all, also without
 * Redis: a restart would not bring Redis back, and orders in hand would be worked on twice.
 */
export function healthRoutes({
  redis,
  ping,
  details,
  troubles,
  queueState,
  now,
  isStarted,
  mayRead,
}: HealthParts): HealthRoutes {
  const redisName = shared(async () => serverName(await readInfo(masters(redis)[0] as Redis, 'server')));
  const product = version();
  const versions = async (connected: boolean) => ({
    product,
    node: process.versions.node,
    redis: (connected ? await redisName() : undefined) ?? null,
  });
  return {
    async health(request, response) {
      const [latency, reader] = await Promise.all([ping(), mayRead(request, response)]);
      const connected = latency !== undefined;
      const known = reader ? troubles.current : troubles.openly;
      const working = known.length > 0 ? 'degraded' : 'healthy';
      response.status(connected ? 200 : 503).json({
        status: connected ? working : 'unhealthy',
        redis: connected ? 'connected' : 'disconnected',
        redis_latency_ms: connected ? Math.round(latency * 100) / 100 : null,
        timestamp: Date.now() / 1_000,
        troubles: known,
        ...details(reader),
        ...(reader ? { versions: await versions(connected) } : {}),
      });
    },
    async ready(_request, response) {
      const started = isStarted();
      const connected = (await ping()) !== undefined;
      const ready = started && connected;
      response.status(ready ? 200 : 503).json({
        status: ready ? 'ready' : 'not_ready',
        started,
        redis: connected ? 'connected' : 'disconnected',
      });
    },
    live(_request, response) {
      response.json({ status: 'alive' });
    },
    async queue() {
      const state = queueState();
      // An autoscaler that is told old figures takes workers away in the middle of an outage.
      if (!state || (await ping()) === undefined)
        throw new HttpProblem(503, {
          kind: 'redis-unavailable',
          detail: 'Redis does not answer, so nobody knows how much waits; try again soon',
        });
      const { waiting, active, delayed, failed, oldestAt } = state;
      const age = oldestAt === undefined ? 0 : Math.max(0, now() - oldestAt) / 1_000;
      return { waiting, active, delayed, failed, oldest_age_seconds: Math.round(age * 10) / 10 };
    },
  };
}

/** How long Redis takes to answer, ms; undefined when it does not within a second. */
export type Ping = () => Promise<number | undefined>;

export function pingOf(redis: Redis | Cluster): Ping {
  return shared(async () => {
    const asked = performance.now();
    await redis.ping();
    return performance.now() - asked;
  });
}

/**
 * One question at a time, however many ask: a Redis that hangs is not left with a queue of them. Resolves to undefined
 * when there is no answer in time.
 */
function shared<T>(ask: () => Promise<T>): () => Promise<T | undefined> {
  let underWay: Promise<T> | undefined;
  return () => {
    if (!underWay) {
      underWay = ask().finally(() => {
        underWay = undefined;
      });
    }
    return deadline(underWay, PING_TIMEOUT_MS, () => new Error('no answer')).catch(() => undefined);
  };
}
