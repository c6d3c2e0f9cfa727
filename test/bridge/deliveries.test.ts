import { describe, expect, it } from '@jest/globals';
import {
  answerLost,
  awsError,
  deliverAgain,
  failEntries,
  held,
  staleHandles,
} from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import { inRig, type Rig, SOON } from './rig.ts';

/** Messages that were turned into jobs, over all bridges. */
const enqueued = (rig: Rig): number =>
  rig
    .log()
    .filter(({ message }) => message === 'messages enqueued')
    .reduce((sum, { messages = 0 }) => sum + messages, 0);

describe('messages that SQS delivers more than once', () => {
  it.concurrent(
    'count once, and every copy is deleted, when each comes three times',
    inRig(async (rig) => {
      const again = rig.proxy.disturb('ReceiveMessage', deliverAgain(2));
      const app = await rig.start();
      await rig.sendOrders(40);
      await app.untilBridge((bridge) => bridge.messages >= 120, 'each message has come three times');
      again.end();
      await rig.settled();
    }),
  );

  it.concurrent(
    'are enqueued once and deleted by the newest handle when they come back before they are deleted',
    inRig(async (rig) => {
      const app = await rig.start();
      const { fault, release } = held(awsError(500, 'InternalError'));
      const failing = rig.proxy.disturb('DeleteMessageBatch', fault);
      await rig.sendOrders(5);
      await app.untilBridge((bridge) => bridge.in_flight === 5, 'the bridge holds all');
      await rig.redeliver();
      await app.untilBridge((bridge) => bridge.redeliveries >= 5, 'all have come back');
      failing.end();
      release();
      await rig.settled();
      await app.stop();
      expect(enqueued(rig)).toBe(5);
    }),
  );
});

describe('deletes that go wrong', () => {
  it.concurrent(
    'are repeated when SQS has done them but its answer is lost',
    inRig(async (rig) => {
      const app = await rig.start();
      const lost = rig.proxy.disturb('DeleteMessageBatch', answerLost, 3);
      await rig.sendOrders(30);
      await rig.settled();
      expect(lost.met).toBe(3);
      expect(await app.bridge()).toMatchObject({ failed_calls: 3, redeliveries: 0 });
    }),
  );

  it.concurrent(
    'are repeated for just the entries that SQS failed to delete',
    inRig(async (rig) => {
      const app = await rig.start();
      const half = failEntries({ Code: 'InternalError', SenderFault: false }, (index) => index % 2 === 0);
      const failing = rig.proxy.disturb('DeleteMessageBatch', half, 4);
      await rig.sendOrders(30);
      await rig.settled();
      expect(failing.met).toBe(4);
      expect((await app.bridge()).redeliveries).toBe(0);
    }),
  );

  it.concurrent(
    'are not repeated for entries that SQS calls our fault: those messages come again, and go then',
    inRig(async (rig) => {
      const app = await rig.start();
      const refused = failEntries({ Code: 'ReceiptHandleIsInvalid', SenderFault: true });
      const failing = rig.proxy.disturb('DeleteMessageBatch', refused);
      await rig.sendOrders(10);
      await app.untilBridge((bridge) => bridge.redeliveries >= 1, 'the first message has come again');
      // Less than one for each delivery: nothing was tried twice.
      expect(failing.met).toBeLessThanOrEqual((await app.bridge()).messages);
      failing.end();
      await rig.settled();
    }, SOON),
  );

  it.concurrent(
    'leave the message for its next delivery when the handle was stale, though SQS called it done',
    inRig(async (rig) => {
      const app = await rig.start();
      const stale = rig.proxy.disturb('ReceiveMessage', staleHandles);
      // The poll under way has passed the proxy: it ends with one of these.
      await rig.sendOrders(20);
      await until(() => rig.proxy.calls('DeleteMessageBatch') >= 2, 'deletes were sent');
      stale.end();
      await rig.settled();
      expect((await app.bridge()).redeliveries).toBeGreaterThan(0);
    }, SOON),
  );
});
