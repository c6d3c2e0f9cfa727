import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from '@jest/globals';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { openInbox } from '../../src/bridge/sqs/openInbox.ts';
import { readConfig } from '../../src/config/config.ts';
import { runApp } from '../bridge/runningApp.ts';
import { collectingLogger } from '../support/collectingLogger.ts';
import { startFaultProxy } from '../support/faultProxy.ts';
import { clientAt } from '../support/localSqs.ts';
import { anOrder } from '../support/orders.ts';
import { freePort, startTestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const policy = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../deploy/aws/policy.json', import.meta.url)), 'utf8'),
) as { Statement: { Sid: string; Action: string | string[]; Resource: string }[] };

const allowed = (sid: string): string[] =>
  [policy.Statement.find((each) => each.Sid === sid)?.Action ?? []].flat().toSorted();

/** AWS knows one right for a call and for its batch. */
const rightFor = (action: string): string => `sqs:${action.replace(/Batch$/, '')}`;

describe('the policy of deploy/aws', () => {
  it('allows exactly the calls that a bridge makes, on each queue', async () => {
    const redis = await startTestRedis();
    const sqs: FauxqsServer = await startFauxqs({ port: 0, logger: false });
    const proxy = await startFaultProxy(sqs.address);
    const sender = clientAt(sqs.port);
    const { logger } = collectingLogger();
    const made = { inbox: new Set<string>(), deadLetters: new Set<string>() };
    const actions = ['ReceiveMessage', 'GetQueueUrl', 'GetQueueAttributes', 'CreateQueue', 'ListQueues'];
    const batches = ['DeleteMessage', 'ChangeMessageVisibility', 'SendMessage'];
    for (const action of [...actions, ...batches, ...batches.map((each) => `${each}Batch`)])
      proxy.disturb(action, ({ body, pass }) => {
        const queue = /dlq/.test(JSON.stringify([body.QueueUrl, body.QueueName])) ? 'deadLetters' : 'inbox';
        made[queue].add(rightFor(action));
        return pass();
      });
    const inbox = { queueName: 'orders', visibilitySeconds: 60, maxDeliveries: 20 };
    const queueUrl = await openInbox(sender, inbox);
    const app = await runApp(
      readConfig({
        REDIS_URL: redis.url,
        SQS_ENDPOINT: proxy.endpoint,
        QUEUE_NAME: 'orders',
        SQS_WAIT_SECONDS: '1',
        PORT: String(await freePort()),
      }),
      'bridge',
      logger,
    );
    try {
      await sender.send(
        new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(anOrder()) }),
      );
      await until(() => made.inbox.has('sqs:DeleteMessage'), 'a message is deleted');
      await until(() => made.deadLetters.has('sqs:GetQueueAttributes'), 'the dead letters are counted');
      // What cannot be handed over is given back at the stop.
      await redis.client().config('SET', 'min-replicas-to-write', 1);
      await sender.send(
        new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(anOrder()) }),
      );
      await app.untilBridge(({ in_flight }) => in_flight > 0, 'a message is held');
      await app.stop();
    } finally {
      await app.stop();
      sender.destroy();
      await proxy.stop();
      await sqs.stop();
      await redis.stop();
      logger.close();
    }
    expect([...made.inbox].sort()).toEqual(allowed('Inbox'));
    expect([...made.deadLetters].sort()).toEqual(allowed('CountDeadLetters'));
  });
});
