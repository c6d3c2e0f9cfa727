import { describe, expect, it } from '@jest/globals';
import type { Role } from '../../src/config/roles.ts';
import type { Trouble } from '../../src/runtime/troubles.ts';
import { awsError, hang } from '../support/faultProxy.ts';
import { freePort } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { inRig, type Rig } from './rig.ts';
import type { BridgeHealth } from './runningApp.ts';

interface Health {
  status: string;
  troubles: Trouble[];
  bridge: BridgeHealth;
}

/** GET /health and what it says, of the product on that port. */
async function health(port: string): Promise<{ code: number; body: Health; ready: number }> {
  const [response, ready] = await Promise.all(
    ['/health', '/health/ready'].map((path) => fetch(`http://127.0.0.1:${port}${path}`)),
  );
  await ready?.arrayBuffer();
  return { code: response?.status ?? 0, body: (await response?.json()) as Health, ready: ready?.status ?? 0 };
}

async function started(rig: Rig, env: Record<string, string> = {}, role: Role = 'all') {
  const PORT = String(await freePort());
  const app = await rig.start({ ...env, PORT }, role);
  return { app, ask: () => health(PORT) };
}

const DENIED = awsError(403, 'AccessDenied', 'no identity-based policy allows it');

describe('/health of a bridge', () => {
  it(
    'says since when and why polls fail, answers 200, stays ready, and forgets it once they work',
    inRig(async (rig) => {
      const { app, ask } = await started(rig);
      const polling = (await ask()).body.bridge.sqs;
      expect(polling).toEqual({ state: 'polling', since: expect.any(String) });
      const denied = rig.proxy.disturb('ReceiveMessage', DENIED);
      const before = Date.now();
      await app.untilBridge(({ sqs }) => sqs.state === 'failing', 'polls fail');
      const first = await ask();
      expect(first).toMatchObject({ code: 200, ready: 200, body: { status: 'degraded' } });
      const { since, reason } = first.body.bridge.sqs;
      expect(reason).toMatch(
        /^not allowed: the role needs sqs:ReceiveMessage.*no identity-based policy allows it/,
      );
      expect(Date.parse(since)).toBeGreaterThan(before - 1_500);
      expect(first.body.troubles).toEqual([{ what: 'sqs', since, reason }]);

      const met = denied.met;
      await until(() => denied.met > met, 'another poll has failed');
      expect((await ask()).body.bridge.sqs.since).toBe(since);

      denied.end();
      await app.untilBridge(({ sqs }) => sqs.state === 'polling', 'polls work');
      const after = await ask();
      expect(after.body).toMatchObject({ status: 'healthy', troubles: [] });
      expect(Date.parse(after.body.bridge.sqs.since)).toBeGreaterThan(Date.parse(since));
      expect(after.body.bridge.sqs.reason).toBeUndefined();
    }),
  );

  it(
    'counts a poll without an answer as one that failed',
    inRig(async (rig) => {
      const { app, ask } = await started(rig);
      const silent = rig.proxy.disturb('ReceiveMessage', hang);
      await app.untilBridge(({ sqs }) => sqs.state === 'failing', 'the poll is given up');
      expect((await ask()).body.bridge.sqs.reason).toMatch(/^SQS did not answer in time/);
      silent.end();
    }),
  );

  it(
    'is healthy while orders merely wait',
    inRig(async (rig) => {
      const { app, ask } = await started(rig, { QUEUE_HIGH_WATER: '2' }, 'bridge');
      await rig.sendOrders(12);
      await app.untilBridge(({ paused_by }) => paused_by.includes('backlog'), 'receiving waits for workers');
      expect(await ask()).toMatchObject({ code: 200, body: { status: 'healthy', troubles: [] } });
    }),
  );

  it(
    'says that deletes fail, as SQS delivers again what is counted already',
    inRig(async (rig) => {
      const { ask } = await started(rig);
      const denied = rig.proxy.disturb('DeleteMessageBatch', DENIED);
      await rig.sendOrders(2);
      await until(async () => (await ask()).body.troubles.length > 0, 'deletes are given up');
      const [trouble] = (await ask()).body.troubles;
      expect(trouble).toMatchObject({
        what: 'sqs deletes',
        reason: expect.stringMatching(/sqs:DeleteMessage/),
      });
      denied.end();
      await rig.redeliver();
      await until(async () => (await ask()).body.status === 'healthy', 'deletes work again');
      await rig.settled();
    }),
  );
});

describe('a start that cannot reach SQS', () => {
  it.each([
    ['nobody listens', undefined],
    ['it is refused', DENIED],
    ['SQS throttles', awsError(400, 'RequestThrottled', 'slower')],
  ])('serves, says so, and takes orders as soon as it can: %s', (_, fault) =>
    inRig(async (rig) => {
      const nowhere = `http://127.0.0.1:${await freePort()}`;
      const refused =
        fault && ['GetQueueUrl', 'CreateQueue'].map((action) => rig.proxy.disturb(action, fault));
      const { app, ask } = await started(rig, fault ? {} : { SQS_ENDPOINT: nowhere });
      const { code, ready, body } = await ask();
      expect([code, ready, body.status, body.bridge.sqs.state]).toEqual([200, 200, 'degraded', 'failing']);
      if (!refused) return expect(body.bridge.sqs.reason).toMatch(/ECONNREFUSED/);
      expect(rig.sqs.inspectQueue('orders')).toBeUndefined();
      for (const each of refused) each.end();
      await app.untilBridge(({ sqs }) => sqs.state === 'polling', 'polls work');
      await rig.sendOrders(3);
      await until(async () => (await rig.jobs()) === 3, 'each order has its job');
      await until(() => rig.left().visible + rig.left().hidden === 0, 'SQS holds no message');
      expect((await ask()).body).toMatchObject({ status: 'healthy', troubles: [] });
    })(),
  );
});
