import { describe, expect, it } from '@jest/globals';
import { awsError, held } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import { inRig } from './rig.ts';

describe('when the inbox is deleted and created again', () => {
  it.concurrent(
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

describe('a FIFO inbox', () => {
  it.concurrent(
    'is created with a FIFO dead-letter queue, and its orders count once',
    inRig(
      async (rig) => {
        await rig.start({ SQS_MAX_RECEIVES: '7' });
        const inbox = rig.sqs.inspectQueue('orders.fifo');
        const deadLetters = rig.sqs.inspectQueue('orders-dlq.fifo');
        expect(deadLetters?.attributes.FifoQueue).toBe('true');
        expect(inbox?.attributes.FifoQueue).toBe('true');
        expect(JSON.parse(inbox?.attributes.RedrivePolicy ?? '')).toEqual({
          deadLetterTargetArn: deadLetters?.arn,
          maxReceiveCount: 7,
        });
        await rig.sendOrders(50);
        await rig.settled();
      },
      { inbox: 'orders.fifo' },
    ),
  );

  it.concurrent(
    'goes on with a group once a delete that failed has worked',
    inRig(
      async (rig) => {
        await rig.start();
        // SQS holds back the rest of a group while one of its messages is not deleted.
        const failing = rig.proxy.disturb('DeleteMessageBatch', awsError(500, 'InternalError'), 2);
        await rig.sendOrders(30);
        await rig.settled();
        expect(failing.met).toBe(2);
      },
      { inbox: 'orders.fifo' },
    ),
  );
});
