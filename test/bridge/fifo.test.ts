import { describe, expect, it } from '@jest/globals';
import { awsError } from '../support/faultProxy.ts';
import { inRig } from './rig.ts';

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
