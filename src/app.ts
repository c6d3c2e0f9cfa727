import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import { KeyRing } from './access/keyRing.ts';
import { KeyStore } from './access/keyStore.ts';
import { RateLimiter } from './access/rateLimiter.ts';
import { type Policy, sharedBuckets } from './access/tokenBuckets.ts';
import { type Bridge, startBridge } from './bridge/bridge.ts';
import { CallCounts } from './bridge/callCounts.ts';
import { openInbox } from './bridge/openInbox.ts';
import { createSqsClient } from './bridge/sqsClient.ts';
import { sqsInbox } from './bridge/sqsInbox.ts';
import type { Config, Role } from './config.ts';
import { makeApp, type ReadingParts } from './http/app.ts';
import { board } from './http/board.ts';
import { docsRoutes } from './http/docsRoutes.ts';
import { guards } from './http/guards.ts';
import { type HealthDetails, healthRoutes } from './http/health.ts';
import { startHttpServer } from './http/server.ts';
import { statsRoutes } from './http/statsRoutes.ts';
import { steadyReads } from './http/steadyReads.ts';
import { claimLayout } from './queue/claimLayout.ts';
import { claimPartitions } from './queue/claimPartitions.ts';
import { chooseDurability, type Durability } from './queue/durability.ts';
import { type DurableQueues, durableQueues } from './queue/durableQueues.ts';
import { type OrderQueues, openOrderQueues } from './queue/orderQueues.ts';
import { makePartitions, type Partitions } from './queue/partitions.ts';
import { readQueueLoad } from './queue/queueLoad.ts';
import { checkRedis } from './runtime/checkRedis.ts';
import { startEmbeddedRedis } from './runtime/embeddedRedis.ts';
import { startEmbeddedSqs } from './runtime/embeddedSqs.ts';
import {
  type ConnectOptions,
  connectRedis,
  type RedisProfile,
  type RedisTarget,
  redisAddress,
  untilReady,
} from './runtime/redis.ts';
import type { Services } from './runtime/services.ts';
import { throttledErrors } from './runtime/throttle.ts';
import { makeWatchedReads, mayTakeLong } from './stats/readStats.ts';
import { type OrderWorkers, startOrderWorkers } from './worker/orderWorkers.ts';

export interface App {
  /** Where HTTP answers; undefined when PORT is 0. */
  url: string | undefined;
  /** The Redis in use, also when it is the embedded one. */
  redis: RedisTarget;
}

/*
 * An answer comes within a second even when Redis hangs: the check of a key, then the read. A connection that says
 * nothing for longer is made anew, because one that died quietly would never say anything again.
 */
const ACCESS_TIMEOUT_MS = 200;
const READ_TIMEOUT_MS = 750;
/** Where all users of a range are added up, that holds for each round trip, and this for all of them. */
const LONG_READ_TIMEOUT_MS = 5_000;
const READS_SILENCE_MS = 5_000;
const LOAD_TIMEOUT_MS = 800;
const HIGH_WATER_WITH_WORKER = 2_000;
/** A bulk add that takes longer is repeated: Redis may have died without closing the connection. */
const ADD_TIMEOUT_MS = 10_000;

/**
 * The composition root: starts what the role needs, in the order in which each part relies on the ones before, and
 * puts each into `services` as soon as it runs, so that a stop in the middle of a start leaves nothing behind.
 * Throws when a part cannot start; the caller stops the rest.
 */
export async function startApp(config: Config, role: Role, logger: Logger, services: Services): Promise<App> {
  const target = await locateRedis(config, logger, services);
  const connect = connector(target, logger, services);
  const partitions = makePartitions(config.partitions);
  const does = (part: Role) => role === 'all' || role === part;

  let queues: OrderQueues | undefined;
  let bridge: Bridge | undefined;
  let workers: OrderWorkers | undefined;
  let started = false;
  const details = () => ({
    role,
    ...(bridge ? { bridge: bridge.health() } : {}),
    ...(workers ? { worker: workers.health() } : {}),
  });
  const url = await serveHttp({
    config,
    role,
    logger,
    services,
    connect,
    partitions,
    queues: () => queues,
    details,
    isStarted: () => started,
  });

  const redis = connect('fail_fast', 'queues');
  await untilReady(redis);
  await checkRedis(redis);
  await claimLayout(redis);
  await claimPartitions(redis, config.partitions);
  // One for all queues of the process: each of them reports every attempt to reach a Redis that is away.
  const onQueueError = throttledErrors(logger, 'queue');
  queues = openOrderQueues(redis, partitions, config.jobs, onQueueError);
  const openQueues = queues;
  services.add({ name: 'queues', stop: () => openQueues.close() });

  if (does('worker')) {
    const moves = await openMoves({ config, services, redis, connect, partitions, onQueueError });
    workers = startOrderWorkers(
      {
        ...config.worker,
        rules: config.rules,
        ledgerRetentionDays: config.ledgerRetentionDays,
        userDetailDays: config.userDetailDays,
      },
      {
        queueRedis: connect('patient', 'worker', { writeTogether: true }),
        recordRedis: connect('patient', 'record', { writeTogether: true }),
        settingsRedis: redis,
        queues: moves,
        partitions,
        logger,
        onError: throttledErrors(logger, 'worker'),
      },
    );
    const { stop } = workers;
    services.add({ name: 'worker', stop });
    logger.info('worker started', { concurrency: config.worker.concurrency, partitions: config.partitions });
  }
  if (does('bridge')) {
    bridge = await openBridge({
      role,
      config,
      logger,
      services,
      redis,
      connect,
      partitions,
      onQueueError,
    });
    const { quiet, stop } = bridge;
    services.add({ name: 'bridge', quiet, stop });
  }
  started = true;
  logger.info('ready', { role, ...(url === undefined ? {} : { url }) });
  return { url, redis: target };
}

type Connect = (
  profile: RedisProfile,
  name: string,
  options?: Omit<ConnectOptions, 'onError'>,
) => Redis | Cluster;

function connector(target: RedisTarget, logger: Logger, services: Services): Connect {
  const onError = throttledErrors(logger, 'Redis connection');
  return (profile, name, options) => {
    const redis = connectRedis(target, profile, { onError, ...options });
    services.add({ name: `Redis connection (${name})`, stop: async () => redis.disconnect() });
    return redis;
  };
}

async function locateRedis(config: Config, logger: Logger, services: Services): Promise<RedisTarget> {
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

/** Queues for orders that change their partition, as durable as the bridge's: their messages are gone already. */
async function openMoves(parts: LaneStart & { redis: Redis | Cluster }): Promise<DurableQueues> {
  const { config, redis, partitions } = parts;
  // With one partition nothing ever moves, and a worker need not be kept from starting by what it will not use.
  const level = partitions.all.length === 1 ? 'memory' : config.durability;
  return openLane('moves', await chooseDurability(redis, level), parts);
}

/** Queues on a connection of their own, whose jobs are as safe as `durability` says once they are added. */
async function openLane(
  name: string,
  durability: Durability,
  { config, services, connect, partitions, onQueueError }: LaneStart,
): Promise<DurableQueues> {
  const connection = connect('fail_fast', name, { commandTimeout: ADD_TIMEOUT_MS });
  await untilReady(connection);
  const queues = openOrderQueues(connection, partitions, config.jobs, onQueueError);
  services.add({ name: `queues (${name})`, stop: () => queues.close() });
  return durableQueues(connection, queues, durability);
}

async function openBridge(parts: BridgeStart): Promise<Bridge> {
  const { role, config, logger, services, redis, connect, partitions } = parts;
  if (config.sqs.kind === 'embedded') {
    const embedded = await startEmbeddedSqs(config.embeddedSqsPort, config.sqs.region, config.dataDir);
    services.add({ name: 'embedded SQS', stop: () => embedded.stop() });
  }
  const client = createSqsClient(config.sqs);
  const queueUrl = await openInbox(client, config.sqs).finally(() => client.destroy());
  logger.info('SQS', { inbox: queueUrl, because: config.sqs.why });
  const durability = await chooseDurability(redis, config.durability);
  logger.info('durability', { jobs_are_safe_in: durability.level, because: durability.why });

  const lanes = await Promise.all(
    Array.from({ length: durability.lanes }, (_, index) => openLane(`bridge ${index}`, durability, parts)),
  );
  const loadRedis = connect('fail_fast', 'load', { commandTimeout: LOAD_TIMEOUT_MS });
  const counts = new CallCounts(config.bridge.dollarsPerMillionCalls);
  return startBridge(
    {
      ...config.bridge,
      highWater: highWaterOf(config, role),
      waitSeconds: config.sqs.waitSeconds,
      visibilitySeconds: config.sqs.visibilitySeconds,
      idCase: config.rules.idCase,
    },
    {
      inbox: sqsInbox(config.sqs, queueUrl, config.sqs.visibilitySeconds, counts),
      counts,
      lanes,
      partitions,
      readLoad: () => readQueueLoad(loadRedis, partitions),
      logger,
      onError: throttledErrors(logger, 'bridge'),
    },
  );
}

/**
 * In one process with the worker, a bridge that is far ahead takes the event loop from it: nothing would be counted
 * before nearly everything is enqueued.
 */
function highWaterOf(config: Config, role: Role): number {
  return role === 'all' ? Math.min(config.bridge.highWater, HIGH_WATER_WITH_WORKER) : config.bridge.highWater;
}

interface LaneStart {
  config: Config;
  services: Services;
  connect: Connect;
  partitions: Partitions;
  onQueueError: (error: Error) => void;
}

interface BridgeStart extends LaneStart {
  role: Role;
  logger: Logger;
  redis: Redis | Cluster;
}

interface HttpParts {
  config: Config;
  role: Role;
  logger: Logger;
  services: Services;
  connect: Connect;
  partitions: Partitions;
  queues: () => OrderQueues | undefined;
  details: HealthDetails;
  isStarted: () => boolean;
}

async function serveHttp(parts: HttpParts): Promise<string | undefined> {
  const { config, role, logger, services, connect, details, isStarted } = parts;
  if (config.http.port === 0) return undefined;
  const redis = connect('fail_fast', 'reads', {
    socketTimeout: READS_SILENCE_MS,
    readFromReplicas: config.api.readFromReplicas,
    writeTogether: true,
  });
  const reads = role === 'all' || role === 'api';
  const app = makeApp({
    logger,
    health: healthRoutes({ redis, details, isStarted }),
    trustProxy: config.api.trustProxy,
    ...(reads ? { reading: readingParts(parts, redis) } : {}),
  });
  const refused = throttledErrors(logger, 'HTTP');
  const tooMany = new Error(
    `a connection more than MAX_CONNECTIONS (${config.http.maxConnections}) was refused`,
  );
  const server = await startHttpServer(app, {
    ...config.http,
    onConnectionRefused: () => refused(tooMany),
  });
  services.add({ name: 'HTTP', quiet: () => server.quiet(), stop: () => server.stop() });
  logger.info('HTTP', { at: server.url });
  if (reads) sayWhoMayEnter(config, server.url, logger);
  return server.url;
}

function readingParts(
  { config, logger, connect, partitions, queues }: HttpParts,
  redis: Redis | Cluster,
): ReadingParts {
  const { keysNeeded, perKey, perAddress, authFailures, corsOrigins, readsInFlight } = config.api;
  const accessRedis = connect('fail_fast', 'access', { commandTimeout: ACCESS_TIMEOUT_MS });
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
    board: lazyBoard(queues, throttledErrors(logger, 'Bull Board')),
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
function lazyBoard(queues: () => OrderQueues | undefined, onError: (error: Error) => void) {
  let router: ReturnType<typeof board> | undefined;
  return () => {
    const open = queues();
    if (open) router ??= board(open, onError);
    return router;
  };
}
