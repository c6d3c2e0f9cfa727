import { describe, expect, it } from '@jest/globals';
import { awsError, done, hang, held } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import { inRig, SOON } from './rig.ts';
import type { RunningApp } from './runningApp.ts';

const LIMIT_MS = 10_000;

/** What a container gets between SIGTERM and SIGKILL. */
async function stopsInTime(app: RunningApp): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LIMIT_MS);
  });
  const inTime = await Promise.race([app.stop().then(() => true), limit]);
  clearTimeout(timer);
  return inTime;
}

describe('a bridge that stops', () => {
  it.concurrent(
    'ends the deletes that are under way and leaves nothing behind',
    inRig(async (rig) => {
      const bridge = await rig.start({}, 'bridge');
      const { fault, release } = held(done);
      rig.proxy.disturb('DeleteMessageBatch', fault);
      await rig.sendOrders(35);
      await until(async () => (await rig.jobs()) === 35, 'every message has its job');
      await until(() => rig.proxy.underWay('DeleteMessageBatch') > 0, 'deletes are under way');
      const stopped = bridge.stop();
      await until(() => rig.proxy.underWay('ReceiveMessage') === 0, 'the receives were aborted');
      release();
      await stopped;
      expect(rig.left()).toEqual({ visible: 0, hidden: 0 });
      await rig.start({}, 'worker');
      await rig.settled();
    }),
  );

  it.concurrent(
    'repeats a delete that fails meanwhile',
    inRig(async (rig) => {
      const bridge = await rig.start({}, 'bridge');
      const failing = rig.proxy.disturb('DeleteMessageBatch', awsError(500, 'InternalError'), 3);
      await rig.sendOrders(1);
      await until(() => failing.met > 0, 'a delete has failed');
      await bridge.stop();
      expect(rig.left()).toEqual({ visible: 0, hidden: 0 });
      await rig.start({}, 'worker');
      await rig.settled();
    }),
  );
});

describe('a bridge is stopped within ten seconds', () => {
  it.concurrent(
    'when SQS answers no deletes: their orders count once all the same',
    inRig(async (rig) => {
      const app = await rig.start();
      const silent = [
        rig.proxy.disturb('DeleteMessageBatch', hang),
        rig.proxy.disturb('ChangeMessageVisibilityBatch', hang),
      ];
      await rig.sendOrders(12);
      await until(() => rig.proxy.underWay('DeleteMessageBatch') > 0, 'deletes are under way');
      expect(await stopsInTime(app)).toBe(true);
      for (const each of silent) each.end();
      await rig.start();
      await rig.settled();
    }, SOON),
  );

  it.concurrent(
    'when Redis does not answer: what it holds is visible to others at once',
    inRig(async (rig) => {
      const bridge = await rig.start({}, 'bridge');
      process.kill(rig.redisPid, 'SIGSTOP');
      await rig.sendOrders(12);
      await bridge.untilBridge(({ in_flight }) => in_flight > 0, 'the bridge holds messages');
      await until(() => rig.proxy.underWay('ReceiveMessage') === 0, 'receiving is paused');
      expect(await stopsInTime(bridge)).toBe(true);
      expect(rig.left()).toEqual({ visible: 12, hidden: 0 });
      process.kill(rig.redisPid, 'SIGCONT');
      await rig.start();
      await rig.settled();
    }),
  );
});
