import { describe, expect, it } from '@jest/globals';
import { awsError, htmlPage } from '../support/faultProxy.ts';
import { until } from '../support/until.ts';
import { inRig, SOON } from './rig.ts';

const refusals = [
  {
    what: 'access is denied (403)',
    fault: awsError(403, 'AccessDeniedException', 'User: arn:aws:iam::1:user/x is not authorized'),
    advice: /not allowed: the role needs sqs:ReceiveMessage, sqs:DeleteMessage.*User: arn/,
  },
  {
    what: 'SQS fails (500)',
    fault: awsError(500, 'InternalError', 'We encountered an internal error'),
    advice: /InternalError: We encountered an internal error/,
  },
  {
    what: 'SQS throttles',
    fault: awsError(403, 'RequestThrottled', 'Request is throttled.'),
    advice: /SQS throttles: the bridge backs off; lower BRIDGE_MAX_RECEIVES if it lasts/,
  },
  {
    what: 'the credentials have expired',
    fault: awsError(403, 'ExpiredTokenException', 'The security token included in the request is expired'),
    advice: /the AWS credentials have expired: renew them/,
  },
  {
    what: "this machine's clock is wrong",
    fault: awsError(403, 'InvalidSignatureException', 'Signature expired: 20250101T000000Z'),
    advice: /check this machine's clock/,
  },
  {
    what: 'a gateway answers in place of SQS',
    fault: htmlPage,
    // Without the hint to developers that the SDK adds in a line of its own.
    advice: /^what answered is not SQS: check the endpoint.*is not valid JSON\)$/,
  },
];

describe.each(refusals)('when $what', ({ fault, advice }) => {
  it.concurrent.each(['ReceiveMessage', 'DeleteMessageBatch'])(
    'says what to do, tries %s again and goes on when it works',
    (action) =>
      inRig(async (rig) => {
        const app = await rig.start();
        const refused = rig.proxy.disturb(action, fault);
        // Receives that are under way end with a message; from then on every call is refused.
        await rig.sendOrders(12);
        await until(() => refused.met >= 2, 'it was tried again');
        refused.end();
        await rig.settled();
        expect(rig.log()).toContainEqual(
          expect.objectContaining({
            level: 'warn',
            message: 'bridge',
            error: expect.stringMatching(advice),
          }),
        );
        expect((await app.bridge()).failed_calls).toBe(refused.met);
      })(),
  );
});

describe('when SQS goes on refusing', () => {
  it.concurrent(
    'receives are tried less and less often',
    inRig(async (rig) => {
      await rig.start();
      await until(() => rig.proxy.underWay('ReceiveMessage') === 1, 'the bridge polls');
      const since = Date.now();
      const refused = rig.proxy.disturb('ReceiveMessage', awsError(503, 'ServiceUnavailable'));
      await rig.sendOrders(1);
      await until(() => refused.met >= 4, 'four receives were refused');
      // At least half of 250, 500 and 1000 ms lie between them; repeated at once, they would be thousands by then.
      const elapsed = Date.now() - since;
      expect(elapsed).toBeGreaterThan(850);
      refused.end();
      await rig.settled();
    }),
  );

  it.concurrent(
    'a delete is given up, and done when SQS delivers the message once more',
    inRig(async (rig) => {
      const app = await rig.start();
      const refused = rig.proxy.disturb('DeleteMessageBatch', awsError(500, 'InternalError'));
      await rig.sendOrders(1);
      await until(() => refused.met >= 5, 'the bridge has used up its tries');
      await app.untilBridge((bridge) => bridge.in_flight === 0, 'the bridge has let go of the message');
      refused.end();
      await rig.settled();
      expect((await app.bridge()).redeliveries).toBeGreaterThan(0);
    }, SOON),
  );
});
