import { describe, expect, it } from '@jest/globals';
import { awsError, failEntries, late } from '../support/faultProxy.ts';
import { inRig } from './rig.ts';

const TIME_FOR_SO_MANY_MS = 600_000;

describe('several bridges on one inbox', () => {
  it(
    'share 2,000 orders, lose none and double none, also while SQS has its bad moments',
    inRig(async (rig) => {
      const bridges = await Promise.all(
        [1, 2, 3].map(() => rig.start({ BRIDGE_MAX_RECEIVES: '8' }, 'bridge')),
      );
      await rig.start({}, 'worker');
      rig.proxy.disturb('ReceiveMessage', awsError(503, 'ServiceUnavailable'), 3);
      rig.proxy.disturb('ReceiveMessage', late(30), 60);
      const partly = failEntries({ Code: 'InternalError', SenderFault: false }, (index) => index % 3 === 0);
      rig.proxy.disturb('DeleteMessageBatch', partly, 20);
      rig.proxy.disturb('DeleteMessageBatch', awsError(500, 'InternalError'), 5);
      await rig.sendOrders(2_000);
      await rig.settled();
      const shares = await Promise.all(bridges.map(async ({ bridge }) => (await bridge()).messages));
      expect(Math.min(...shares)).toBeGreaterThan(0);
      expect(shares.reduce((sum, share) => sum + share)).toBe(2_000);
    }),
    TIME_FOR_SO_MANY_MS,
  );
});
