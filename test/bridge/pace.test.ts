import { describe, expect, it } from '@jest/globals';
import { done, type Fault, late } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import { inRig } from './rig.ts';

const nothing: Fault = () => ({ status: 200, body: {} });

describe('the receives under way', () => {
  it.concurrent(
    'are one long poll after the other while nothing comes',
    inRig(async (rig) => {
      const app = await rig.start();
      const since = Date.now();
      const before = rig.proxy.calls('ReceiveMessage');
      await until(() => rig.proxy.calls('ReceiveMessage') >= before + 3, 'three more polls have begun');
      // A poll waits for a second: begun sooner, more of them would have been made in the time that has passed.
      const seconds = (Date.now() - since) / 1_000;
      expect(rig.proxy.calls('ReceiveMessage') - before).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
      expect((await app.bridge()).receives_under_way).toBe(1);
      expect((await app.bridge()).calls).toMatchObject({ delete: 0, hide: 0 });
    }),
  );

  it.concurrent.each([
    // What SQS does once 120,000 messages are in flight: it says nothing of it, and does not wait.
    { what: 'SQS answers polls at once with nothing', wait: '1', fault: nothing },
    { what: 'SQS_WAIT_SECONDS is 0', wait: '0', fault: done },
  ])('do not follow each other in a burst when $what', ({ wait, fault }) =>
    inRig(async (rig) => {
      await rig.start({ SQS_WAIT_SECONDS: wait });
      const answered = rig.proxy.disturb('ReceiveMessage', fault);
      await until(() => answered.met >= 1, 'the first poll was answered');
      const since = Date.now();
      await until(() => answered.met >= 4, 'three more were answered');
      expect(Date.now() - since).toBeGreaterThan(2_000);
      answered.end();
      await rig.sendOrders(20);
      await rig.settled();
    })(),
  );

  it.concurrent(
    'grow to BRIDGE_MAX_RECEIVES under a backlog, no further, and shrink to one when it is gone',
    inRig(async (rig) => {
      const app = await rig.start({ BRIDGE_MAX_RECEIVES: '6' });
      let most = 0;
      const watched: Fault = (call) => {
        most = Math.max(most, rig.proxy.underWay('ReceiveMessage'));
        return late(20)(call);
      };
      rig.proxy.disturb('ReceiveMessage', watched);
      await rig.sendOrders(500);
      await rig.settled();
      expect(most).toBe(6);
      await app.untilBridge((bridge) => bridge.receives_under_way === 1, 'one receive is left');
    }),
  );
});

describe('the figures of /health', () => {
  it.concurrent(
    'tell what was asked of SQS, how much came of it, and what it costs',
    inRig(async (rig) => {
      const app = await rig.start({ SQS_DOLLARS_PER_MILLION_CALLS: '0.5' });
      await until(() => rig.proxy.calls('ReceiveMessage') >= 2, 'a poll has come back empty');
      await rig.sendOrders(200);
      await rig.settled();
      const figures = await app.bridge();
      const { calls, messages, messages_per_receive, calls_per_1000_orders } = figures;
      expect(messages).toBe(200);
      expect(calls.delete).toBe(rig.proxy.calls('DeleteMessageBatch'));
      // A poll may have begun since the answer was written.
      expect([0, 1]).toContain(rig.proxy.calls('ReceiveMessage') - calls.receive);
      expect(messages_per_receive).toBeCloseTo(200 / calls.receive, 3);
      expect(calls_per_1000_orders).toBeCloseTo((calls.receive + calls.delete + calls.hide) * 5, 3);
      expect(figures.dollars_per_million_orders).toBeCloseTo(calls_per_1000_orders * 0.0005, 2);
      expect(figures).toMatchObject({ failed_calls: 0, redeliveries: 0, paused_by: [] });
      expect(figures.empty_receives).toBeGreaterThan(0);
      expect(figures.empty_receives).toBeLessThan(calls.receive);
    }),
  );
});
