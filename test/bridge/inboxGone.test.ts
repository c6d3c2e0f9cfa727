import { describe, it } from '@jest/globals';
import { awsError, held } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import { inRig } from './rig.ts';

describe('when the inbox is deleted and created again', () => {
  it(
    'what was received counts once, and new orders are received without a restart',
    inRig(async (rig) => {
      const app = await rig.start();
      // Messages of the old inbox are in hand when it goes.
      const { fault, release } = held(awsError(500, 'InternalError'));
      const failing = rig.proxy.disturb('DeleteMessageBatch', fault);
      await rig.sendOrders(15);
      await app.untilBridge((bridge) => bridge.in_flight === 15, 'the bridge holds all');
      rig.sqs.deleteQueue('orders');
      failing.end();
      release();
      const gone = /the inbox does not exist \(any more\): check QUEUE_NAME, SQS_QUEUE_URL and AWS_REGION/;
      await until(() => rig.log().some(({ error = '' }) => gone.test(error)), 'the log says what to do');

      rig.sqs.createQueue('orders');
      await rig.sendOrders(15);
      await rig.settled();
    }),
  );
});
