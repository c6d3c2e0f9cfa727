import { Cluster, Redis } from 'ioredis';
import { advised } from './redisAdvice.ts';
import { leadsNoMore, NO_MASTER } from './redisFaults.ts';
import {
  type Endpoint,
  type Login,
  loginOptions,
  type RedisTarget,
  type SentinelTarget,
} from './redisTarget.ts';
import { sentinelConnector } from './sentinelConnector.ts';
import { writeTogether } from './writeTogether.ts';

/**
 * How a connection behaves while Redis is away.
 * `patient` holds commands until Redis is back, however long: workers, whose orders would only burn attempts.
 * `fail_fast` rejects at once: the bridge, which leaves messages in SQS, and whatever has a client waiting.
 */
export type RedisProfile = 'patient' | 'fail_fast';

const RETRY_MOST_MS = 1_000;
const SLOTS_REFRESH_MS = 5_000;

/** What each connection here is, shown by CLIENT LIST. */
export const CONNECTION_NAME = 'order-pipeline';

export interface ConnectOptions {
  /** Milliseconds after which one command is given up. Only where repeating or dropping it is harmless. */
  commandTimeout?: number;
  /** Milliseconds without an answer to any command after which the connection is given up and made anew. */
  socketTimeout?: number;
  /** Reads go to replicas where there are some. A Redis Cluster only: a single server is asked itself. */
  readFromReplicas?: boolean;
  /** Commands of one turn of the event loop leave in one system call. Where there are many small ones. */
  writeTogether?: boolean;
  /** Hears connection errors; without a listener the first one would end the process. */
  onError: (error: Error) => void;
}

/** Opens a connection; it connects, and reconnects for ever, in the background. */
export function connectRedis(
  target: RedisTarget,
  profile: RedisProfile,
  options: ConnectOptions,
): Redis | Cluster {
  const common = commonOptions(target, profile, options);
  const redis =
    target.kind === 'cluster'
      ? new Cluster(target.nodes, {
          clusterRetryStrategy: retryDelay,
          enableOfflineQueue: profile === 'patient',
          // Besides, the slots are asked for when a server redirects. A replica never does, nor does a server that
          // has become one when it gets a command without a key, like WAIT: it would be asked in vain for ever.
          slotsRefreshInterval: SLOTS_REFRESH_MS,
          // With it, a `connect` that meets a cluster in the middle of a failover never settles, and a worker of BullMQ
          // that awaits it takes no job again. Without it, commands are told that the cluster is down, and wait.
          enableReadyCheck: false,
          ...(options.readFromReplicas ? { scaleReads: 'slave' as const } : {}),
          // It would connect to the addresses behind the names, and certificates are made out to names.
          ...(target.tls ? { dnsLookup: (name, found) => found(null, name) } : {}),
          redisOptions: common,
        })
      : new Redis({
          ...common,
          ...placeOptions(target),
          ...(target.db === undefined ? {} : { db: target.db }),
          retryStrategy: retryDelay,
          reconnectOnError: onceItLeadsToAMaster(
            () =>
              new Redis({
                ...common,
                ...placeOptions(target),
                lazyConnect: true,
                retryStrategy: () => null,
              }),
          ),
        });
  redis.on('error', (error) => options.onError(advised(error, target)));
  if (target.kind === 'cluster' && target.tls) tellNodeFaults(redis, target.nodes, common, options.onError);
  if (options.writeTogether) {
    if (redis instanceof Cluster) redis.on('+node', writeTogether);
    else writeTogether(redis);
  }
  return redis;
}

const retryDelay = (times: number): number => Math.min(50 * 2 ** Math.min(times, 10), RETRY_MOST_MS);

function commonOptions(target: Login, profile: RedisProfile, options: ConnectOptions) {
  const patient = profile === 'patient';
  const { commandTimeout, socketTimeout } = options;
  return {
    connectionName: CONNECTION_NAME,
    maxRetriesPerRequest: patient ? null : 0,
    enableOfflineQueue: patient,
    connectTimeout: 5_000,
    ...(commandTimeout === undefined ? {} : { commandTimeout }),
    ...(socketTimeout === undefined ? {} : { socketTimeout }),
    ...loginOptions(target),
  };
}

function placeOptions(target: Exclude<RedisTarget, { kind: 'cluster' }>) {
  return target.kind === 'sentinel'
    ? { Connector: connectorOf(target) }
    : { host: target.host, port: target.port };
}

/** For so long others that are refused believe it. */
const KNOWN_MS = 5_000;

/**
 * Whether to connect anew, because what was a master has become a replica and the name leads to another one. Asked on the
 * side: while there is none, who reads on the connection would be cut off by each write that is refused. Copies of the
 * connection, as BullMQ makes them, ask together.
 */
function onceItLeadsToAMaster(open: () => Redis): (error: Error) => boolean {
  let known = Number.NEGATIVE_INFINITY;
  let asking = false;
  const ask = async () => {
    const probe = open();
    probe.on('error', () => {});
    try {
      await probe.connect();
      if (/^role:master/m.test(await probe.info('replication'))) known = performance.now();
    } catch {
      // Nobody is there: the next one that is refused asks again.
    } finally {
      probe.disconnect();
      asking = false;
    }
  };
  return (error) => {
    if (!leadsNoMore(error)) return false;
    if (performance.now() - known < KNOWN_MS) return true;
    if (!asking) {
      asking = true;
      void ask();
    }
    return false;
  };
}

/** Of a cluster ioredis only says that no node answered. What is wrong with a certificate, a node has to be asked for. */
function tellNodeFaults(
  redis: Redis | Cluster,
  nodes: readonly Endpoint[],
  options: ReturnType<typeof commonOptions>,
  onError: (error: Error) => void,
): void {
  let asking = false;
  redis.on('error', () => {
    if (asking) return;
    asking = true;
    const probe = new Redis({ ...options, ...nodes[0], lazyConnect: true, retryStrategy: () => null });
    probe.on('error', (error) => onError(advised(error, { tls: true })));
    const done = () => {
      asking = false;
      probe.disconnect();
    };
    probe.connect().then(done, done);
  });
}

const connectors = new WeakMap<SentinelTarget, ReturnType<typeof sentinelConnector>>();

/** The connections of a process ask the sentinels together who leads. */
function connectorOf(target: SentinelTarget): ReturnType<typeof sentinelConnector> {
  const known = connectors.get(target) ?? sentinelConnector(target);
  connectors.set(target, known);
  return known;
}

const CLOSED = 'the Redis connection was closed before it was ready';
const closed = new WeakSet<Redis | Cluster>();

/** Closes a connection for good. Between two attempts to connect ioredis tells nobody, and they would wait for ever. */
export function closeRedis(redis: Redis | Cluster): void {
  const isBetween = redis.status === 'reconnecting' || redis.status === 'close';
  closed.add(redis);
  redis.disconnect();
  if (isBetween) redis.emit('end');
}

/** The servers that take writes. Throws while a cluster has none that is known: what is asked of none says nothing. */
export function masters(redis: Redis | Cluster): Redis[] {
  if (!(redis instanceof Cluster)) return [redis];
  const nodes = redis.nodes('master');
  if (nodes.length === 0) throw new Error(NO_MASTER);
  return nodes;
}

/** Resolves once the connection can take commands; rejects when it is closed or aborted before. */
export async function untilReady(redis: Redis | Cluster, signal?: AbortSignal): Promise<void> {
  if (redis.status === 'ready') return;
  // It has said so already, and says nothing more.
  if (redis.status === 'end' || closed.has(redis)) throw new Error(CLOSED);
  await new Promise<void>((resolve, reject) => {
    const settle = (done: () => void) => () => {
      redis.off('ready', ready);
      redis.off('end', ended);
      signal?.removeEventListener('abort', aborted);
      done();
    };
    const ready = settle(resolve);
    const ended = settle(() => reject(new Error(CLOSED)));
    const aborted = settle(() => reject(signal?.reason));
    redis.once('ready', ready);
    redis.once('end', ended);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
