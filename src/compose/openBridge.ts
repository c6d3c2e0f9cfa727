import type { Logger } from 'winston';
import { type Bridge, startBridge } from '../bridge/bridge.ts';
import { CallCounts } from '../bridge/callCounts.ts';
import { openInbox } from '../bridge/openInbox.ts';
import { createSqsClient } from '../bridge/sqsClient.ts';
import { sqsInbox } from '../bridge/sqsInbox.ts';
import type { Config, Role } from '../config/config.ts';
import { readQueueLoad } from '../queue/queueLoad.ts';
import { startEmbeddedSqs } from '../runtime/embeddedSqs.ts';
import { throttledErrors } from '../runtime/throttle.ts';
import { type LaneStart, openLane } from './lanes.ts';

const LOAD_TIMEOUT_MS = 800;
const HIGH_WATER_WITH_WORKER = 2_000;

export interface BridgeStart extends LaneStart {
  role: Role;
  logger: Logger;
}

/** Opens the inbox and starts the bridge from it into the queues. */
export async function openBridge(parts: BridgeStart): Promise<Bridge> {
  const { role, config, logger, services, connect, partitions, durabilityOf } = parts;
  if (config.sqs.kind === 'embedded') {
    const embedded = await startEmbeddedSqs(config.embeddedSqsPort, config.sqs.region, config.dataDir);
    services.add({ name: 'embedded SQS', stop: () => embedded.stop() });
  }
  const client = createSqsClient(config.sqs);
  const queueUrl = await openInbox(client, config.sqs).finally(() => client.destroy());
  logger.info('SQS', { inbox: queueUrl, because: config.sqs.why });
  const durability = await durabilityOf(config.durability);
  logger.info('durability', { jobs_are_safe_in: durability.level, because: durability.why });
  if (durability.warning !== undefined) logger.warn('durability', { warning: durability.warning });

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
