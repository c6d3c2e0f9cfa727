import type { Logger } from 'winston';
import type { Config } from '../config/config.ts';
import type { Role } from '../config/roles.ts';
import type { Archiver } from '../history/archiver.ts';
import { toJsonAmount } from '../orders/money.ts';
import { type OrderQueues, openOrderQueues } from '../queue/orderQueues.ts';
import { type QueueState, type QueueWatch, watchQueues } from '../queue/watchQueues.ts';
import { isoOrNull } from '../runtime/isoTime.ts';
import type { Services } from '../runtime/services.ts';
import { Troubles } from '../runtime/troubles.ts';
import { version } from '../runtime/version.ts';
import { watchTotals } from '../stats/watchTotals.ts';
import { checkPermissions, checkRedis } from '../store/checkRedis.ts';
import { claimLayout, claimPartitions } from '../store/claims.ts';
import { chooseDurability } from '../store/durability.ts';
import { permissionsKey } from '../store/keys.ts';
import { makePartitions, type Partition } from '../store/partitions.ts';
import { redisErrors } from '../store/redisAdvice.ts';
import type { RedisTarget } from '../store/redisTarget.ts';
import { replicasToConfirm } from '../store/replicasToConfirm.ts';
import { retryStart } from '../store/retryStart.ts';
import type { Gauge } from '../telemetry/figures.ts';
import { ProcessMetrics } from '../telemetry/prometheus/processMetrics.ts';
import { type Beating, startBeat } from '../telemetry/pulse/beat.ts';
import { Tally } from '../telemetry/tally.ts';
import type { OrderWorkers } from '../worker/orderWorkers.ts';
import type { OpenBridge } from './bridge.ts';
import { clockTrouble } from './clockTrouble.ts';
import { connector, locateRedis } from './connecting.ts';
import { openHttp } from './http.ts';
import { openTraces } from './openTraces.ts';
import type { Parts } from './parts.ts';
import { refuseNobody } from './refuseNobody.ts';

const NO_HISTORY =
  'an archiver needs a PostgreSQL to keep the history in: set DATABASE_URL, or HISTORY=embedded';

export interface App {
  /** Where HTTP answers; undefined when PORT is 0. */
  url: string | undefined;
  /** The Redis in use, also when it is the embedded one. */
  redis: RedisTarget;
}

/** A server may vanish without closing the connection; whoever waits for it, a start or an operator, is told then. */
const QUEUES_TIMEOUT_MS = 10_000;

/**
 * The composition root: starts what the role needs, in the order in which each part relies on the ones before, and
 * puts each into `services` as soon as it runs, so that a stop in the middle of a start leaves nothing behind.
 * Throws when a part cannot start; the caller stops the rest. `parts` are those that the role needs, or more.
 */
export async function startRole(
  config: Config,
  role: Role,
  parts: Parts,
  logger: Logger,
  services: Services,
): Promise<App> {
  const { openBridge, startWorkers, startQuality, openArchiver, apiParts } = parts;
  if (role === 'archiver' && !config.history.on) throw new Error(NO_HISTORY);
  const tally = new Tally();
  const now = () => tally.now();
  const troubles = new Troubles(now);
  const productVersion = version();
  const traces = config.traces && (await openTraces(config.traces, role, logger, services));
  const target = await locateRedis(config, logger, services, troubles);
  const does = (part: Role) => role === 'all' || role === part;
  // Loaded only while there is one.
  const history =
    config.history.on && (does('archiver') || does('api')) ? await import('./history.ts') : undefined;
  const historyTarget = await history?.locateHistory(config, logger, services, troubles);
  const connect = connector(target, logger, services);
  const partitions = makePartitions(config.partitions);

  let queues: OrderQueues | undefined;
  let watch: QueueWatch | undefined;
  let bridge: OpenBridge | undefined;
  let workers: OrderWorkers | undefined;
  let archiver: Archiver | undefined;
  let started = false;
  let beat: Beating | undefined;
  const details = (mayRead: boolean) => ({
    role,
    ...(beat?.inbox() ? { inbox: beat.inbox() } : {}),
    ...toldOf(watch?.state(), beat?.lastCounted(), mayRead),
    ...(bridge ? { bridge: bridge.bridge.health() } : {}),
    ...(workers ? { worker: workers.health() } : {}),
    ...(archiver ? { history: archiver.health() } : {}),
  });
  const url = await openHttp({
    config,
    logger,
    services,
    connect,
    partitions,
    now,
    queues: () => queues,
    queueState: () => watch?.state(),
    lastCounted: () => beat?.lastCounted(),
    metrics: new ProcessMetrics({ tally, role, version: productVersion, currency: config.rules.currency }),
    traces,
    details,
    troubles,
    isStarted: () => started,
    historyReads: historyTarget && history?.readsOf(historyTarget, logger),
    apiParts: does('api') ? apiParts : undefined,
  });

  const redis = connect('fail_fast', 'queues', { commandTimeout: QUEUES_TIMEOUT_MS });
  const onStartError = redisErrors(logger, 'start');
  const claim = async () => {
    await checkRedis(redis);
    await checkPermissions(redis, permissionsKey(partitions.all[0] as Partition));
    await claimLayout(redis);
    await claimPartitions(redis, config.partitions);
  };
  await retryStart(redis, claim, onStartError);
  if (apiParts && does('api') && url !== undefined)
    await retryStart(redis, () => refuseNobody(config, redis), onStartError);
  // One for all queues of the process: each of them reports every attempt to reach a Redis that is away.
  const onQueueError = redisErrors(logger, 'queue');
  const openQueues = await openOrderQueues(redis, partitions, config.jobs, onQueueError, now);
  queues = openQueues;
  services.add({ name: 'queues', stop: () => openQueues.close() });
  // Before all that it tells of, so that it is stopped after them and its last beat has all.
  beat = startBeat({
    redis,
    tally,
    describe: () => ({
      role,
      version: productVersion,
      node: process.version,
      troubles: troubles.current,
      ...(workers ? { concurrency: workers.health().concurrency } : {}),
      ...bridge?.state(),
    }),
    gauges: () => [...gaugesOf(watch?.state()), ...(bridge?.gauges() ?? [])],
    onClock: clockTrouble(tally, troubles, logger),
    onError: redisErrors(logger, 'pulse'),
  });
  services.add({ name: 'pulse', stop: beat.stop });
  // Before anything is dated: until then this machine's own clock would do it, and that may be a year off.
  await beat.begun;
  // In every role: whoever is asked for /health knows.
  watch = watchQueues(redis, partitions, troubles, onQueueError, { now });
  services.add({ name: 'watch over the queues', stop: watch.stop });

  const toConfirm = target.kind === 'sentinel' ? replicasToConfirm(target) : undefined;
  const opening = {
    config,
    services,
    troubles,
    redis,
    connect,
    partitions,
    now,
    onQueueError,
    durabilityOf: (asked: Config['durability']) =>
      retryStart(redis, () => chooseDurability(redis, asked, toConfirm), onStartError),
  };
  if (does('worker') || does('api')) {
    const { stop } = watchTotals({ redis, partitions, troubles, logger });
    services.add({ name: 'look at the totals', stop });
  }
  if (startWorkers && does('worker')) {
    workers = await startWorkers(openQueues, { ...opening, tally, traces, logger });
  }
  if (startQuality && does('quality')) await startQuality({ ...opening, tally, logger });
  if (historyTarget && openArchiver && does('archiver')) {
    archiver = await openArchiver({ ...opening, target: historyTarget, logger });
  }
  if (openBridge && does('bridge')) {
    bridge = await openBridge({ ...opening, role, tally, traces, logger });
    const { quiet, stop } = bridge.bridge;
    services.add({ name: 'bridge', quiet, stop });
  }
  started = true;
  logger.info('ready', { role, ...(url === undefined ? {} : { url }) });
  return { url, redis: target };
}

/** Of all queues and workers, for /health. Money and times of orders are for those who may read the stats. */
function toldOf(state: QueueState | undefined, lastCounted: number | undefined, mayRead: boolean) {
  const queues = state && {
    failed_orders: {
      count: state.failed,
      since: isoOrNull(state.failedSince),
      ...(mayRead ? { value: toJsonAmount(state.failedMinorUnits), value_unknown: state.failedUnknown } : {}),
    },
    backlog: {
      waiting: state.waiting,
      active: state.active,
      delayed: state.delayed,
      oldest_since: isoOrNull(state.oldestAt),
    },
  };
  return { ...queues, ...(mayRead ? { last_counted: isoOrNull(lastCounted) } : {}) };
}

const gaugesOf = (seen: QueueState | undefined): [Gauge, number][] =>
  seen === undefined
    ? []
    : [
        ['waiting', seen.waiting],
        ['active', seen.active],
        ['delayed', seen.delayed],
        ['failed_waiting', seen.failed],
      ];
