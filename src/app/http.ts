import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import type { UserDays } from '../history/read/userDays.ts';
import { type ApiParts, makeApp } from '../http/app.ts';
import { type HealthDetails, healthRoutes, type Ping, pingOf } from '../http/health.ts';
import { expositionRoute, metricsGuard } from '../http/metrics.ts';
import { type ListenOptions, startHttpServer } from '../http/transport/server.ts';
import type { OrderQueues } from '../queue/orderQueues.ts';
import type { QueueState } from '../queue/watchQueues.ts';
import type { Services } from '../runtime/services.ts';
import { throttledErrors } from '../runtime/throttle.ts';
import type { Troubles } from '../runtime/troubles.ts';
import type { Partitions } from '../store/partitions.ts';
import type { ProcessMetrics } from '../telemetry/prometheus/processMetrics.ts';
import type { Traces } from '../telemetry/traces/traces.ts';
import type { Connect } from './connecting.ts';

/** A connection that says nothing for longer is made anew: one that died quietly would never say anything again. */
const READS_SILENCE_MS = 5_000;

/** Probes come one at a time and ask at once: whoever takes longer is none. */
const PROBES = {
  maxConnections: 64,
  newestFirst: true,
  headersTimeoutMs: 2_000,
  requestTimeoutMs: 3_000,
  silenceMs: 5_000,
  mostWaiting: 100,
};

/**
 * Answers on PORT and HEALTH_PORT from here on, `/health` before anything else is up; returns where, or undefined when
 * PORT is 0.
 */
export async function openHttp(parts: HttpParts): Promise<string | undefined> {
  const { config, logger, services, connect, metrics, traces, details, troubles, queueState, isStarted } =
    parts;
  const { host, port, healthPort, maxConnections, basePath } = config.http;
  if (port === 0 && healthPort === undefined) return undefined;
  const redis = connect('fail_fast', 'reads', {
    socketTimeout: READS_SILENCE_MS,
    readFromReplicas: config.api.readFromReplicas,
    writeTogether: true,
  });
  const ping = pingOf(redis);
  const reading = port === 0 ? undefined : parts.apiParts?.(parts, { redis, ping });
  const common = {
    logger,
    metrics,
    traces,
    exposition: [
      metricsGuard({
        token: config.api.metricsToken,
        keysNeeded: config.api.keysNeeded,
        reads: reading?.guards.reads,
      }),
      expositionRoute({ metrics, ping, fleet: reading?.fleet }),
    ],
    health: healthRoutes({
      redis,
      ping,
      details,
      troubles,
      queueState,
      now: parts.now,
      isStarted,
      // A role that does not serve the stats knows no keys.
      mayRead: reading?.guards.mayRead ?? (async () => !config.api.keysNeeded),
    }),
    trustProxy: config.api.trustProxy,
    basePath,
  };
  const listen = async (name: string, app: ReturnType<typeof makeApp>, options: ListenOptions) => {
    const server = await startHttpServer(app, { ...options, basePath });
    services.add({ name, quiet: () => server.quiet(), stop: () => server.stop() });
    logger.info(name, { at: server.url });
    return server.url;
  };
  if (healthPort !== undefined) {
    const probes = { ...PROBES, host, port: healthPort, setting: 'HEALTH_PORT' };
    await listen('HTTP for probes', makeApp(common), probes);
  }
  if (port === 0) return undefined;
  const refused = throttledErrors(logger, 'HTTP');
  const tooMany = new Error(`a connection more than MAX_CONNECTIONS (${maxConnections}) was refused`);
  const app = makeApp({ ...common, ...(reading ? { reading } : {}) });
  const url = await listen('HTTP', app, {
    host,
    port,
    maxConnections,
    onConnectionRefused: () => refused(tooMany),
  });
  if (reading) sayWhoMayEnter(config, url, logger);
  return url;
}

/** Said once, because an open door should be a choice. */
function sayWhoMayEnter({ api, admin, provider, http }: Config, at: string, logger: Logger): void {
  const open = [
    ...(api.keysNeeded ? [] : ['the stats (close them by STATS_API=keys)']),
    ...(api.keysNeeded || admin || provider
      ? []
      : ["the operators' pages, until somebody is invited (order-pipeline people invite)"]),
  ];
  if (open.length === 0) return;
  const isLocal = ['127.0.0.1', '::1', 'localhost'].includes(http.host);
  logger[isLocal ? 'info' : 'warn']('open to whoever reaches this address', { at, open });
}

/** What answers reads. */
export interface Asked {
  redis: Redis | Cluster;
  ping: Ping;
}

export interface HttpParts {
  config: Config;
  logger: Logger;
  services: Services;
  connect: Connect;
  partitions: Partitions;
  /** By Redis's clock, ms since 1970. */
  now: () => number;
  queues: () => OrderQueues | undefined;
  /** As they were seen last. */
  queueState: () => QueueState | undefined;
  /** When any process counted an order last, ms since 1970. */
  lastCounted: () => number | undefined;
  metrics: ProcessMetrics;
  traces: Traces | undefined;
  details: HealthDetails;
  troubles: Troubles;
  isStarted: () => boolean;
  /** While a history is kept. */
  userDays: UserDays | undefined;
  /** Of roles that serve the stats and the operators' pages. */
  apiParts: ((parts: HttpParts, asked: Asked) => ApiParts) | undefined;
}
