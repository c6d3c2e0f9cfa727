import { describe, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { inRig, type Rig } from './rig.ts';
import type { RunningApp } from './runningApp.ts';

const pausedBy = (app: RunningApp, reason: string) =>
  app.untilBridge((bridge) => bridge.paused_by.includes(reason), `receiving is paused by ${reason}`);

/** The poll that was under way when receiving paused still ends, with or without messages. */
const pollsEnded = (rig: Rig) =>
  until(() => rig.proxy.underWay('ReceiveMessage') === 0, 'no poll is under way');

/** Sends orders and looks at them again when a bridge that receives would have had them many times over. */
async function expectLeftAlone(rig: Rig, app: RunningApp, count: number): Promise<void> {
  const { messages } = await app.bridge();
  await rig.sendOrders(count);
  const { last_poll_age_ms } = await app.bridge();
  await app.untilBridge((bridge) => bridge.last_poll_age_ms > last_poll_age_ms + 1_500, 'time passes');
  const visible = rig.sqs.inspectQueue('orders')?.messages.ready ?? [];
  // A receive that is not used would bring the message nearer to the dead-letter queue.
  expect(visible.map((message) => message.approximateReceiveCount)).toEqual(Array(count).fill(0));
  expect((await app.bridge()).messages).toBe(messages);
}

describe('with more jobs waiting than QUEUE_HIGH_WATER', () => {
  it.concurrent(
    'messages stay in SQS, unreceived, until half of the jobs are done',
    inRig(async (rig) => {
      const bridge = await rig.start({ QUEUE_HIGH_WATER: '20' }, 'bridge');
      await rig.sendOrders(30);
      await pausedBy(bridge, 'backlog');
      await pollsEnded(rig);
      await expectLeftAlone(rig, bridge, 50);

      await rig.start({}, 'worker');
      await rig.settled();
      expect((await bridge.bridge()).paused_by).toEqual([]);
      const told = rig.log().filter(({ reason }) => reason === 'backlog');
      expect(told[0]).toMatchObject({ level: 'warn', message: 'receiving is paused', waiting: 30 });
      expect(told[1]).toMatchObject({ level: 'info', message: 'receiving goes on' });
    }),
  );

  it.concurrent(
    'receiving stays paused between the high and the low water',
    inRig(async (rig) => {
      const bridge = await rig.start({ QUEUE_HIGH_WATER: '20' }, 'bridge');
      await rig.sendOrders(30);
      await pausedBy(bridge, 'backlog');
      await pollsEnded(rig);
      const done = await rig.queue.getWaiting(0, 14);
      for (const job of done) await job.remove();
      expect(await rig.queue.getWaitingCount()).toBe(15);
      await expectLeftAlone(rig, bridge, 5);
      for (const job of await rig.queue.getWaiting(0, 4)) await job.remove();
      await until(async () => (await rig.jobs()) === 15, 'the five are received, now that ten jobs wait');
    }),
  );
});

describe('with Redis fuller than REDIS_MEMORY_SHARE', () => {
  it.concurrent(
    'messages stay in SQS until there is room again',
    inRig(async (rig) => {
      const app = await rig.start({ REDIS_MEMORY_SHARE: '0.3' });
      const used = Number(/used_memory:(\d+)/.exec(await rig.redis.info('memory'))?.[1]);
      await rig.redis.config('SET', 'maxmemory', used * 2);
      await pausedBy(app, 'memory');
      await pollsEnded(rig);
      await expectLeftAlone(rig, app, 10);
      await rig.redis.config('SET', 'maxmemory', used * 20);
      await rig.settled();
      expect((await app.bridge()).paused_by).toEqual([]);
    }),
  );
});
