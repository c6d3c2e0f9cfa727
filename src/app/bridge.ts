import type { Cluster, Redis } from 'ioredis';
import type { Logger } from 'winston';
import { type Bridge, startBridge } from '../bridge/bridge.ts';
import { startHandOver } from '../bridge/handOver/handOver.ts';
import { CallCounts } from '../bridge/sqs/callCounts.ts';
import { watchInbox } from '../bridge/sqs/inboxDepth.ts';
import { type FoundInbox, type SqsInbox, sqsInbox } from '../bridge/sqs/sqsInbox.ts';
import { SqsReachable } from '../bridge/sqs/sqsReachable.ts';
import { sqsSource } from '../bridge/sqs/sqsSource.ts';
import type { Config } from '../config/config.ts';
import type { Role } from '../config/roles.ts';
import { startEmbeddedSqs } from '../embedded/sqs.ts';
import { readQueueLoad } from '../queue/queueLoad.ts';
import { throttledErrors } from '../runtime/throttle.ts';
import type { Gauge, ProcessState } from '../telemetry/figures.ts';
import { takingTurns } from '../telemetry/pulse/turn.ts';
import type { Tally } from '../telemetry/tally.ts';
import type { Traces } from '../telemetry/traces/traces.ts';
import { type LaneStart, openLane } from './lanes.ts';

const LOAD_TIMEOUT_MS = 800;
const HIGH_WATER_WITH_WORKER = 2_000;

export interface BridgeStart extends LaneStart {
  /** Fails fast. */
  redis: Redis | Cluster;
  role: Role;
  tally: Tally;
  traces: Traces | undefined;
  logger: Logger;
}

export interface OpenBridge {
  bridge: Bridge;
  /** What it tells of itself with every beat. */
  state(): Partial<ProcessState>;
  gauges(): [Gauge, number][];
}

/** Less than the ten seconds between looks, so that whoever looked last may look again. */
const INBOX_TURN_MS = 9_000;

/**
 * Opens the inbox and starts the bridge from it into the queues. An SQS that cannot be asked yet is waited for by the
 * bridge, which says so in /health: no restart would bring it nearer. Rejects when no region is named.
 */
export async function openBridge(parts: BridgeStart): Promise<OpenBridge> {
  const {
    role,
    config,
    logger,
    services,
    troubles,
    connect,
    partitions,
    now,
    tally,
    traces,
    redis,
    durabilityOf,
  } = parts;
  const price = config.bridge.dollarsPerMillionCalls;
  const counts = new CallCounts(price, tally);
  const onError = throttledErrors(logger, 'bridge');
  let region = '';
  const inbox = sqsInbox(config.sqs, {
    counts,
    isTraced: traces !== undefined,
    onFound: (found) => sayWhere(found, region, parts),
  });
  services.add({ name: 'SQS', stop: async () => inbox.close() });
  region = await inbox.region();
  if (config.sqs.kind === 'embedded') {
    const embedded = await startEmbeddedSqs(config.embeddedSqsPort, region, config.dataDir);
    services.add({ name: 'embedded SQS', stop: () => embedded.stop() });
  }
  const polling = new SqsReachable(troubles, logger);
  await openFirst(inbox, (error) => {
    polling.failed(error);
    onError(error);
  });
  const durability = await durabilityOf(config.durability);
  logger.info('durability', { jobs_are_safe_in: durability.level, because: durability.why });
  if (durability.warning !== undefined) logger.warn('durability', { warning: durability.warning });

  const lanes = await Promise.all(
    Array.from({ length: durability.lanes }, (_, index) => openLane(`bridge ${index}`, durability, parts)),
  );
  const loadRedis = connect('fail_fast', 'load', { commandTimeout: LOAD_TIMEOUT_MS });
  const { waitSeconds, visibilitySeconds } = config.sqs;
  const source = sqsSource(
    { maxReceives: config.bridge.maxReceives, waitSeconds, visibilitySeconds },
    { inbox, counts, polling, onError },
  );
  const handOver = startHandOver(
    {
      ...config.bridge,
      maxBodyBytes: config.maxBodyBytes,
      highWater: highWaterOf(config, role),
      idCase: config.rules.idCase,
      historyBytes: config.history.backlogBytes,
    },
    {
      lanes,
      partitions,
      readLoad: () => readQueueLoad(loadRedis, partitions, { history: config.history.on }),
      troubles,
      tally,
      traces,
      logger,
      onError,
    },
  );
  const depth = watchInbox(() => inbox.depth(), {
    takeTurn: takingTurns(redis, 'inbox', INBOX_TURN_MS),
    now,
  });
  services.add({ name: 'look at the inbox', stop: depth.stop });
  return {
    bridge: startBridge(source, handOver),
    state() {
      const seen = depth.seen();
      const { warning } = durability;
      return {
        paused_by: handOver.health().paused_by,
        dollars_per_million_calls: price,
        ...(warning === undefined ? {} : { durability_warning: warning }),
        ...(seen
          ? { inbox: { ...seen, oldest_seconds: seen.visible > 0 ? toSeconds(counts.lagMs) : null } }
          : {}),
      };
    },
    gauges() {
      const seen = depth.seen();
      return [
        ['lag_ms', counts.lagMs],
        ...(seen ? [['inbox_visible', seen.visible] as [Gauge, number]] : []),
      ];
    },
  };
}

const toSeconds = (ms: number): number => Math.round(ms / 1_000);

/** Before the product says that it is ready, if that can be: who sends then finds an inbox. */
async function openFirst(inbox: SqsInbox, onFailed: (error: Error) => void): Promise<void> {
  await inbox.open().catch(onFailed);
}

function sayWhere(
  { url, created, madeUpCredentials }: FoundInbox,
  region: string,
  { config, logger }: BridgeStart,
): void {
  const { kind, why, regionWhy } = config.sqs;
  logger.info('SQS', {
    inbox: url,
    because: why,
    region,
    ...(regionWhy === undefined ? {} : { region_because: regionWhy }),
    ...(madeUpCredentials ? { credentials: 'made up, because the AWS SDK found none' } : {}),
  });
  // A name that was mistyped ends here as well.
  if (created && kind !== 'embedded')
    logger[kind === 'aws' ? 'warn' : 'info']('the inbox did not exist and was created', { inbox: url });
}

/**
 * In one process with the worker, a bridge that is far ahead takes the event loop from it: nothing would be counted
 * before nearly everything is enqueued.
 */
function highWaterOf(config: Config, role: Role): number {
  return role === 'all' ? Math.min(config.bridge.highWater, HIGH_WATER_WITH_WORKER) : config.bridge.highWater;
}
