import { describe, expect, it } from '@jest/globals';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { OrderJob } from '../../src/queue/orderJob.ts';
import { until } from '../support/until.ts';

/** A bridge that runs. */
export interface DeliveringBridge {
  pausedBy(): Promise<string[]>;
  /** Messages that its source gave it, each as often as it came. */
  deliveries(): Promise<number>;
  stop(): Promise<void>;
}

/** A source of some kind, and the Redis behind the bridges that read from it. */
export interface DeliveryRig {
  redis: Redis;
  queue: Queue<OrderJob>;
  start(options?: { highWater: number }): Promise<DeliveringBridge>;
  /** Sends so many orders; resolves to the ids of their messages. */
  send(count: number): Promise<string[]>;
  /** Messages not acknowledged: for anyone to take, and held by a bridge. */
  left(): Left | Promise<Left>;
  /** Makes the source deliver again what it has delivered and still holds. */
  redeliver(): Promise<void>;
  /** Keeps acknowledgements from arriving until the returned function is called. */
  delayAcknowledgements(): () => void;
  /** Resolves once nothing is being taken from the source. */
  idle(): Promise<void>;
}

interface Left {
  visible: number;
  hidden: number;
}

/** What holds for every source; each is shown by a run of all of it. */
export function deliveryContract(
  source: string,
  inRig: (test: (rig: DeliveryRig) => Promise<void>) => () => Promise<void>,
): void {
  describe(`messages from ${source}`, () => {
    // Alone, because it starts a bridge late: once a test beside it has ended, Jest lets nothing be imported.
    it(
      'are handed back by a bridge that stops before their jobs are safe, and go to the next',
      inRig(async (rig) => {
        const bridge = await rig.start();
        await refuseWrites(rig);
        const ids = await rig.send(12);
        await pausedBy(bridge, 'redis');
        await rig.idle();
        expect((await rig.left()).hidden).toBeGreaterThan(0);
        await bridge.stop();
        expect(await rig.left()).toEqual({ visible: 12, hidden: 0 });
        await takeWrites(rig);
        await rig.start();
        await acknowledged(rig);
        expect(await jobIds(rig)).toEqual(ids.toSorted());
      }),
    );

    it.concurrent(
      'become one job each, under their ids, and are all acknowledged',
      inRig(async (rig) => {
        const ids = await rig.send(40);
        await rig.start();
        ids.push(...(await rig.send(57)));
        await acknowledged(rig);
        expect(await jobIds(rig)).toEqual(ids.toSorted());
      }),
    );

    it.concurrent(
      'are not acknowledged before their jobs are safe',
      inRig(async (rig) => {
        const bridge = await rig.start();
        await refuseWrites(rig);
        const ids = await rig.send(25);
        await pausedBy(bridge, 'redis');
        const since = Date.now();
        await until(() => Date.now() - since > 1_000, 'adds were repeated several times');
        const { visible, hidden } = await rig.left();
        expect(hidden).toBeGreaterThan(0);
        expect(visible + hidden).toBe(25);
        expect(await jobIds(rig)).toEqual([]);
        await takeWrites(rig);
        await acknowledged(rig);
        expect(await jobIds(rig)).toEqual(ids.toSorted());
        expect(await bridge.pausedBy()).toEqual([]);
      }),
    );

    it.concurrent(
      'become no second job when they come again before they are acknowledged',
      inRig(async (rig) => {
        const arrive = rig.delayAcknowledgements();
        const bridge = await rig.start();
        const ids = await rig.send(12);
        await until(async () => (await jobIds(rig)).length === 12, 'each has its job');
        expect(await rig.left()).toEqual({ visible: 0, hidden: 12 });
        await rig.redeliver();
        await until(async () => (await bridge.deliveries()) >= 24, 'each has come again');
        arrive();
        await acknowledged(rig);
        expect(await jobIds(rig)).toEqual(ids.toSorted());
      }),
    );

    it.concurrent(
      'are left where they are while too many jobs wait, and come when these are done',
      inRig(async (rig) => {
        const bridge = await rig.start({ highWater: 20 });
        await rig.send(30);
        await acknowledged(rig);
        await pausedBy(bridge, 'backlog');
        await rig.idle();
        const ids = await rig.send(50);
        const since = Date.now();
        await until(() => Date.now() - since > 1_500, 'a bridge that takes messages would have them');
        expect(await rig.left()).toEqual({ visible: 50, hidden: 0 });
        expect(await bridge.deliveries()).toBe(30);
        await rig.queue.drain();
        await acknowledged(rig);
        expect(await jobIds(rig)).toEqual(ids.toSorted());
      }),
    );
  });
}

const acknowledged = (rig: DeliveryRig) =>
  until(async () => {
    const { visible, hidden } = await rig.left();
    return visible + hidden === 0;
  }, 'every message is acknowledged');

const pausedBy = (bridge: DeliveringBridge, reason: string) =>
  until(async () => (await bridge.pausedBy()).includes(reason), `the bridge is paused by ${reason}`);

/** What a master does that has lost its replicas: it answers, and takes no jobs. */
const refuseWrites = ({ redis }: DeliveryRig) => redis.config('SET', 'min-replicas-to-write', 1);
const takeWrites = ({ redis }: DeliveryRig) => redis.config('SET', 'min-replicas-to-write', 0);

const jobIds = async ({ queue }: DeliveryRig) => (await queue.getJobs()).map(({ id }) => id).toSorted();
