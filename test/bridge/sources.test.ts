import { awsError, held } from '../support/faultProxy.ts';
import { anOrder } from '../support/orders.ts';
import { until } from '../support/until.ts';
import { type DeliveryRig, deliveryContract } from './deliveryContract.ts';
import { inListRig } from './listRig.ts';
import { inRig, type Rig } from './rig.ts';

deliveryContract('SQS', (test) => inRig((rig) => test(sqsDelivery(rig))));
deliveryContract('a list', inListRig);

const sqsDelivery = (rig: Rig): DeliveryRig => ({
  redis: rig.redis,
  queue: rig.queue,
  async start({ highWater } = { highWater: 10_000 }) {
    const app = await rig.start({ QUEUE_HIGH_WATER: String(highWater) }, 'bridge');
    return {
      pausedBy: async () => (await app.bridge()).paused_by,
      deliveries: async () => (await app.bridge()).messages,
      stop: () => app.stop(),
    };
  },
  send: (count) =>
    rig.send(
      ...Array.from({ length: count }, (_, index) => JSON.stringify(anOrder({ order_id: `ORD${index}` }))),
    ),
  left: () => rig.left(),
  redeliver: () => rig.redeliver(),
  delayAcknowledgements() {
    const { fault, release } = held(awsError(500, 'InternalError'));
    const failing = rig.proxy.disturb('DeleteMessageBatch', fault);
    return () => {
      failing.end();
      release();
    };
  },
  idle: () => until(() => rig.proxy.underWay('ReceiveMessage') === 0, 'no receive is under way'),
});
