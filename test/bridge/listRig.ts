import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Bridge, startBridge } from '../../src/bridge/bridge.ts';
import { startHandOver } from '../../src/bridge/handOver/handOver.ts';
import { durableQueues } from '../../src/queue/durableQueues.ts';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { openOrderQueues } from '../../src/queue/orderQueues.ts';
import { readQueueLoad } from '../../src/queue/queueLoad.ts';
import { Troubles } from '../../src/runtime/troubles.ts';
import { chooseDurability } from '../../src/store/durability.ts';
import { ORDER_QUEUE } from '../../src/store/keys.ts';
import { makePartitions } from '../../src/store/partitions.ts';
import { Tally } from '../../src/telemetry/tally.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { anOrder } from '../support/orders.ts';
import { startTestRedis } from '../support/redis.ts';
import type { DeliveryRig } from './deliveryContract.ts';
import { listSource, MessageList } from './listSource.ts';

const POLICY = { attempts: 1, backoffMs: 1, keepCompleted: 0, failedRetentionDays: undefined };

/** A test with bridges from a list into a Redis of its own, all of them stopped however it ends. */
export const inListRig = (test: (rig: DeliveryRig) => Promise<void>) => async (): Promise<void> => {
  const server = await startTestRedis();
  const redis = server.client();
  const partitions = makePartitions(1);
  const queue = new Queue<OrderJob>(ORDER_QUEUE, {
    connection: redis,
    prefix: partitions.all[0]?.tag as string,
  });
  queue.on('error', () => {});
  const list = new MessageList();
  const { logger } = collectingLogger();
  const stops: (() => Promise<void>)[] = [];
  const startOne = async (highWater: number): Promise<Bridge> => {
    const connection: Redis = server.client();
    const queues = await openOrderQueues(connection, partitions, POLICY, () => {});
    const lane = durableQueues(connection, queues, await chooseDurability(connection, 'memory'));
    const handOver = startHandOver(
      {
        idCase: 'upper',
        envelope: 'auto',
        maxBodyBytes: 262_144,
        highWater,
        memoryShare: 0.9,
        historyBytes: 1_000_000,
      },
      {
        lanes: [lane],
        partitions,
        readLoad: () => readQueueLoad(connection, partitions, { history: true }),
        troubles: new Troubles(),
        tally: new Tally(),
        logger,
        onError: () => {},
      },
    );
    const { health, quiet, stop } = startBridge(listSource(list), handOver);
    let stopped: Promise<void> | undefined;
    const once = () => {
      stopped ??= stop().then(() => queues.close());
      return stopped;
    };
    stops.push(once);
    return { health, quiet, stop: once };
  };
  try {
    await test({
      redis,
      queue,
      async start({ highWater } = { highWater: 10_000 }) {
        const bridge = await startOne(highWater);
        return {
          pausedBy: async () => bridge.health().paused_by,
          deliveries: async () => list.deliveries,
          stop: bridge.stop,
        };
      },
      send: async (count) =>
        Array.from({ length: count }, (_, index) =>
          list.send(JSON.stringify(anOrder({ order_id: `ORD${index}` }))),
        ),
      left: () => list.left(),
      redeliver: async () => list.handBack(),
      delayAcknowledgements: () => list.delayAcknowledgements(),
      // It takes what it takes at once.
      idle: async () => {},
    });
  } finally {
    for (const stop of stops) await stop();
    await queue.close();
    await server.stop();
    logger.close();
  }
};
