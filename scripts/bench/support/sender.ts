import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { createSqsClient } from '../../../src/bridge/sqs/client.ts';
import { openInbox } from '../../../src/bridge/sqs/openInbox.ts';
import { generate } from '../../../src/cli/send/generate.ts';
import { createPacer, systemClock } from '../../../src/cli/send/sendBatch.ts';
import { readConfig } from '../../../src/config/config.ts';
import { serveParent } from './child.ts';
import { machineTime } from './clock.ts';

/**
 * A shop in a process of its own: a call per order, at a steady rate, whether or not the calls before have been
 * answered. Without a rate each waits for the one before. Unsigned HTTP, which emulators take: on the machine
 * that is measured, the SDK would need half as much CPU for sending as the product for everything else.
 */
export type SenderRequest = {
  do: 'send';
  env: Record<string, string>;
  orders: number;
  rate?: number;
  seed: number;
};

/** By machineTime, in the order of sending. */
export interface SendTimes {
  started: number[];
  answered: number[];
}

const agent = new Agent({ keepAlive: true });

serveParent(async ({ env, orders, rate, seed }: SenderRequest) => {
  const { sqs } = readConfig(env);
  const client = createSqsClient(sqs);
  const queueUrl = await openInbox(client, sqs).finally(() => client.destroy());
  const until = new Date().toISOString().slice(0, 10);
  const messages = [...generate({ count: orders, invalid: 0, duplicates: 0, users: 1_000, seed, until })];

  const times: SendTimes = { started: [], answered: [] };
  const send = async (body: string, index: number) => {
    times.started[index] = machineTime();
    await sendMessage(sqs.endpoint as string, queueUrl, body);
    times.answered[index] = machineTime();
  };
  const pace = createPacer(rate, systemClock);
  const sent: Promise<void>[] = [];
  for (const [index, { body }] of messages.entries()) {
    await pace(1);
    const sending = send(body, index);
    sent.push(sending);
    if (rate === undefined) await sending;
  }
  await Promise.all(sent);
  return times;
});

function sendMessage(endpoint: string, QueueUrl: string, MessageBody: string): Promise<void> {
  const payload = JSON.stringify({ QueueUrl, MessageBody });
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(payload),
    'x-amz-target': 'AmazonSQS.SendMessage',
  };
  return new Promise((resolve, reject) => {
    const sending = request(endpoint, { method: 'POST', agent, headers }, async (response) => {
      const answer = await text(response);
      if (response.statusCode === 200) resolve();
      else reject(new Error(`SQS refused an order: ${answer}`));
    });
    sending.on('error', reject).end(payload);
  });
}
