import { describe, expect, it } from '@jest/globals';
import { crashableRedis } from '../support/crashableRedis.ts';
import { until } from '../support/until.ts';
import { inRig, type Rig } from './rig.ts';
import type { RunningApp } from './runningApp.ts';

/** How often each text was logged since line `from`. */
function timesLogged(rig: Rig, from: number): Map<string, number> {
  const times = new Map<string, number>();
  for (const { message, error, reason } of rig.log().slice(from)) {
    const text = [message, error, reason].join(' ');
    times.set(text, (times.get(text) ?? 0) + 1);
  }
  return times;
}

const pausedByRedis = (app: RunningApp) =>
  app.untilBridge((bridge) => bridge.paused_by.includes('redis'), 'receiving is paused');

describe('when Redis is away', () => {
  // The longer one outlasts every first retry and the look at Redis many times over, as an outage of minutes would.
  it.concurrent.each([1, 6])('%i s of it cost no order, and no flood of log lines', async (seconds) => {
    const redis = await crashableRedis();
    const story = inRig(
      async (rig) => {
        const app = await rig.start();
        await rig.sendOrders(20);
        await rig.settled();

        const line = rig.log().length;
        const since = Date.now();
        await redis.kill();
        await rig.sendOrders(30);
        await pausedByRedis(app);
        await until(() => Date.now() - since >= seconds * 1_000, `Redis is away for ${seconds} s`);
        await redis.restart();
        await rig.settled();

        const most = Math.ceil((Date.now() - since) / 1_000) + 1;
        const tooOften = [...timesLogged(rig, line)].filter(([, times]) => times > most);
        expect(tooOften).toEqual([]);
      },
      { redisPort: redis.port },
    );
    await story().finally(() => redis.stop());
  });

  it.concurrent('nothing is received meanwhile, so no receive counts are used up', async () => {
    const redis = await crashableRedis();
    const story = inRig(
      async (rig) => {
        const app = await rig.start();
        await redis.kill();
        await pausedByRedis(app);
        await until(() => rig.proxy.underWay('ReceiveMessage') === 0, 'the last poll has ended');
        await rig.sendOrders(30);
        const { messages } = rig.sqs.inspectQueue('orders') ?? {};
        await app.untilBridge((bridge) => bridge.last_poll_age_ms > 1_500, 'polls are being missed');
        expect(messages?.ready.map((message) => message.approximateReceiveCount)).toEqual(Array(30).fill(0));
        await redis.restart();
        await rig.settled();
        expect((await app.bridge()).paused_by).toEqual([]);
      },
      { redisPort: redis.port },
    );
    await story().finally(() => redis.stop());
  });
});

describe('when Redis hangs for a moment', () => {
  it.concurrent(
    'adds wait for it, and nothing is lost or doubled',
    inRig(async (rig) => {
      const app = await rig.start();
      process.kill(rig.redisPid, 'SIGSTOP');
      await rig.sendOrders(25);
      await pausedByRedis(app);
      process.kill(rig.redisPid, 'SIGCONT');
      await rig.settled();
    }),
  );
});

describe('when Redis answers but takes no writes', () => {
  it.concurrent(
    'receiving stays paused until it takes them, and is not resumed and paused in turn',
    inRig(async (rig) => {
      const app = await rig.start();
      // What a master does that has lost its replicas, and a replica during a failover.
      await rig.redis.config('SET', 'min-replicas-to-write', 1);
      const line = rig.log().length;
      await rig.sendOrders(10);
      await pausedByRedis(app);
      const since = Date.now();
      await until(() => Date.now() - since > 2_000, 'Redis was looked at several times');
      expect((await app.bridge()).paused_by).toEqual(['redis']);
      expect(timesLogged(rig, line).get('receiving is paused: Redis takes no jobs  ')).toBe(1);
      expect([...timesLogged(rig, line).keys()]).toContainEqual(expect.stringContaining('NOREPLICAS'));
      await rig.redis.config('SET', 'min-replicas-to-write', 0);
      await rig.settled();
    }),
  );
});
