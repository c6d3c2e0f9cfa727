import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import { KeyRing } from '../access/keyRing.ts';
import { KeyStore } from '../access/keyStore.ts';
import { RateLimiter } from '../access/rateLimiter.ts';
import { type Policy, sharedBuckets } from '../access/tokenBuckets.ts';
import { makeAuditLog } from '../audit/auditLog.ts';
import type { Config } from '../config/config.ts';
import type { Role } from '../config/roles.ts';
import { board } from '../desk/board.ts';
import { boardChanges } from '../desk/boardChanges.ts';
import { makeDesk } from '../desk/desk.ts';
import { makeApp, type ReadingParts } from '../http/app.ts';
import { docsRoutes } from '../http/description/docsRoutes.ts';
import { type HealthDetails, healthRoutes } from '../http/health.ts';
import { statsRoutes } from '../http/stats/routes.ts';
import { steadyReads } from '../http/stats/steadyReads.ts';
import { guards } from '../http/transport/guards.ts';
import { type ListenOptions, startHttpServer } from '../http/transport/server.ts';
import type { OrderQueues } from '../queue/orderQueues.ts';
import { retryFailed } from '../queue/retryFailed.ts';
import type { Services } from '../runtime/services.ts';
import { throttledErrors } from '../runtime/throttle.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { makeWatchedReads, mayTakeLong } from '../stats/read/readStats.ts';
import type { Partitions } from '../store/partitions.ts';
import type { Connect } from './connecting.ts';

/*
 * An answer comes within a second even when Redis hangs: the check of a key, then the read. A connection that says
 * nothing for longer is made anew, because one that died quietly would never say anything again.
 */
const ACCESS_TIMEOUT_MS = 200;
const READ_TIMEOUT_MS = 750;
/** Where all users of a range are added up, that holds for each round trip, and this for all of them. */
const LONG_READ_TIMEOUT_MS = 5_000;
const READS_SILENCE_MS = 5_000;
/** An operator waits longer than a program, and is told then. */
const DESK_TIMEOUT_MS = 10_000;

export interface HttpParts {
  config: Config;
  role: Role;
  logger: Logger;
  services: Services;
  connect: Connect;
  partitions: Partitions;
  queues: () => OrderQueues | undefined;
  details: HealthDetails;
  troubles: Troubles;
  isStarted: () => boolean;
}

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
  const { config, role, logger, services, connect, details, troubles, isStarted } = parts;
  const { host, port, healthPort, maxConnections } = config.http;
  if (port === 0 && healthPort === undefined) return undefined;
  const redis = connect('fail_fast', 'reads', {
    socketTimeout: READS_SILENCE_MS,
    readFromReplicas: config.api.readFromReplicas,
    writeTogether: true,
  });
  const common = {
    logger,
    health: healthRoutes({ redis, details, troubles, isStarted }),
    trustProxy: config.api.trustProxy,
  };
  const listen = async (name: string, app: ReturnType<typeof makeApp>, options: ListenOptions) => {
    const server = await startHttpServer(app, options);
    services.add({ name, quiet: () => server.quiet(), stop: () => server.stop() });
    logger.info(name, { at: server.url });
    return server.url;
  };
  if (healthPort !== undefined) {
    const probes = { ...PROBES, host, port: healthPort, setting: 'HEALTH_PORT' };
    await listen('HTTP for probes', makeApp(common), probes);
  }
  if (port === 0) return undefined;
  const reads = role === 'all' || role === 'api';
  const refused = throttledErrors(logger, 'HTTP');
  const tooMany = new Error(`a connection more than MAX_CONNECTIONS (${maxConnections}) was refused`);
  const app = makeApp({ ...common, ...(reads ? { reading: readingParts(parts, redis) } : {}) });
  const url = await listen('HTTP', app, {
    host,
    port,
    maxConnections,
    onConnectionRefused: () => refused(tooMany),
  });
  if (reads) sayWhoMayEnter(config, url, logger);
  return url;
}

function readingParts(
  { config, logger, connect, partitions, queues }: HttpParts,
  redis: Redis | Cluster,
): ReadingParts {
  const { keysNeeded, perKey, perAddress, authFailures, corsOrigins, readsInFlight } = config.api;
  const accessRedis = connect('fail_fast', 'access', { commandTimeout: ACCESS_TIMEOUT_MS });
  // Not only once somebody changes something: that first change would find no connection.
  const deskRedis = connect('fail_fast', 'desk', { commandTimeout: DESK_TIMEOUT_MS });
  const takeTokens = sharedBuckets(accessRedis);
  const limiter = (name: Policy['name'], limit: number) =>
    new RateLimiter({ name, limit, windowSeconds: 60 }, takeTokens);
  const stats = steadyReads(makeWatchedReads(redis, partitions), {
    mostUnderWay: readsInFlight,
    deadlineMs: READ_TIMEOUT_MS,
    long: { isLong: mayTakeLong, deadlineMs: LONG_READ_TIMEOUT_MS },
  });
  return {
    guards: guards({
      keys: new KeyRing(new KeyStore(accessRedis)),
      keysNeeded,
      admin: config.admin,
      listensOn: config.http.host,
      perKey: perKey === 0 ? undefined : limiter('per-key', perKey),
      perAddress: perAddress === 0 ? undefined : limiter('per-address', perAddress),
      failures: limiter('auth-failures', authFailures),
    }),
    corsOrigins,
    stats: statsRoutes(stats, config.rules.idCase),
    documents: docsRoutes(config.rules.idCase),
    board: lazyBoard(queues, (open) => {
      const onError = throttledErrors(logger, 'Bull Board');
      const desk = makeDesk({
        redis: deskRedis,
        queues: open,
        partitions,
        audit: makeAuditLog(deskRedis, { retentionDays: config.auditRetentionDays, logger }),
        maxBodyBytes: config.maxBodyBytes,
        retryFailed: (some) => retryFailed(deskRedis, some),
      });
      return board(open, boardChanges(desk, onError), onError);
    }),
  };
}

/** Said once, because an open door should be a choice. */
function sayWhoMayEnter({ api, admin, http }: Config, at: string, logger: Logger): void {
  const open = [
    ...(api.keysNeeded ? [] : ['the stats (close them by STATS_API=keys)']),
    ...(api.keysNeeded || admin
      ? []
      : ["the operators' pages (close them by ADMIN_USER and ADMIN_PASSWORD)"]),
  ];
  if (open.length === 0) return;
  const isLocal = ['127.0.0.1', '::1', 'localhost'].includes(http.host);
  logger[isLocal ? 'info' : 'warn']('open to whoever reaches this address', { at, open });
}

/** Bull Board needs queues, and those need Redis once; /health answers before that. */
function lazyBoard(
  queues: () => OrderQueues | undefined,
  make: (open: OrderQueues) => ReturnType<typeof board>,
) {
  let router: ReturnType<typeof board> | undefined;
  return () => {
    const open = queues();
    if (open) router ??= make(open);
    return router;
  };
}
