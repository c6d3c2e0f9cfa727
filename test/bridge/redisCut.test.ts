import { describe, expect, it } from '@jest/globals';
import { startTestRedis } from '../support/redis.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { until } from '../support/until.ts';
import { inRig, type Rig } from './rig.ts';

/** A rig whose bridge reaches Redis through the proxy. Its workers and the test go there directly. */
async function behindProxy(
  story: (rig: Rig, proxy: TcpProxy, direct: { REDIS_URL: string }) => Promise<void>,
) {
  const redis = await startTestRedis();
  const proxy = await startTcpProxy(redis.port);
  const run = inRig((rig) => story(rig, proxy, { REDIS_URL: redis.url }), {
    redisPort: redis.port,
    redisProxyPort: proxy.port,
  });
  await run().finally(async () => {
    await proxy.stop();
    await redis.stop();
  });
}

/** A chunk as large as this can only be part of a bulk of jobs. */
const isBulk = (chunk: Buffer) => chunk.length > 4_000;

describe('the connection to Redis cut inside a bulk add', () => {
  it.concurrent('costs no job and doubles none', () =>
    behindProxy(async (rig, proxy, direct) => {
      await rig.start({}, 'bridge');
      // The first bulk also carries BullMQ's script.
      await rig.sendOrders(10);
      await until(async () => (await rig.jobs()) === 10, 'the first jobs are there');
      const cut = proxy.cutInside((chunk) => (isBulk(chunk) ? chunk.length * 0.6 : undefined));
      await rig.sendOrders(100);
      await cut;
      await until(async () => (await rig.jobs()) === 110, 'every message has its job');
      await rig.atRest();
      // Some were there already when the bulk was repeated: it was cut in the middle, not before.
      const events = await rig.redis.xrange(rig.queue.keys.events as string, '-', '+');
      const repeated = events.filter(([, fields]) => fields.includes('duplicated'));
      expect(repeated.length).toBeGreaterThan(0);
      expect(repeated.length).toBeLessThan(100);
      await rig.start(direct, 'worker');
      await rig.settled();
    }));
});

describe('a bridge stopped while Redis is away', () => {
  it.concurrent('hands what it holds back to SQS at once', () =>
    behindProxy(async (rig, proxy, direct) => {
      const bridge = await rig.start({}, 'bridge');
      const cut = proxy.cutInside((chunk) => (isBulk(chunk) ? 0 : undefined));
      await rig.sendOrders(25);
      await cut;
      await proxy.refuse();
      await bridge.untilBridge(({ in_flight }) => in_flight > 0, 'the bridge holds messages');
      await until(() => rig.proxy.underWay('ReceiveMessage') === 0, 'receiving is paused');
      await bridge.stop();
      expect(rig.left()).toEqual({ visible: 25, hidden: 0 });
      await rig.start(direct);
      await rig.settled();
    }));
});
