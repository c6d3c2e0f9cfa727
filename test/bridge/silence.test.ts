import { describe, expect, it } from '@jest/globals';
import { type Fault, halfAnswer, hang } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import { inRig, SOON } from './rig.ts';

const LATE = /SQS did not answer in time: check the network \(SlowCall: no answer within \d+ s\)/;
const ABORTED = /aborted/;

const silences: { what: string; action: string; fault: Fault; said: RegExp }[] = [
  { what: 'a receive is never answered', action: 'ReceiveMessage', fault: hang, said: LATE },
  { what: 'a delete is never answered', action: 'DeleteMessageBatch', fault: hang, said: LATE },
  { what: 'an answer stops half-way', action: 'ReceiveMessage', fault: halfAnswer('silence'), said: LATE },
  {
    what: 'SQS closes its side half-way',
    action: 'ReceiveMessage',
    fault: halfAnswer('close'),
    said: ABORTED,
  },
  {
    what: 'SQS closes its side of a delete',
    action: 'DeleteMessageBatch',
    fault: halfAnswer('close'),
    said: ABORTED,
  },
];

describe('when SQS falls silent', () => {
  it.concurrent.each(silences)('the call is given up and made anew: $what', ({ action, fault, said }) =>
    inRig(async (rig) => {
      const app = await rig.start();
      const silent = rig.proxy.disturb(action, fault, 1);
      await rig.sendOrders(5);
      await until(() => silent.met === 1, 'a call met silence');
      // A receive may have brought the first ones before: these wait for the receive that takes its place.
      await rig.sendOrders(5);
      await rig.settled();
      expect((await app.bridge()).failed_calls).toBe(1);
      expect(rig.log()).toContainEqual(
        expect.objectContaining({ level: 'warn', message: 'bridge', error: expect.stringMatching(said) }),
      );
    }, SOON)(),
  );
});
