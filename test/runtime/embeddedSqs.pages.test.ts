import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EmbeddedSqs, startEmbeddedSqs } from '../../src/embedded/sqs.ts';
import { clientAt } from '../support/localSqs.ts';
import { freePort } from '../support/redis.ts';

describe('the embedded SQS and web pages', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-sqs-'));
  let sqs: EmbeddedSqs;
  let client: SQSClient;
  let port: number;
  let QueueUrl: string;

  beforeAll(async () => {
    port = await freePort();
    sqs = await startEmbeddedSqs(port, 'us-east-1', dataDir);
    client = clientAt(port);
    ({ QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'orders' })));
  });
  afterAll(async () => {
    client.destroy();
    await sqs.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  function post(headers: Record<string, string>, body: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method: 'POST', headers, agent: false }, (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject);
      });
      sent.on('error', reject).end(body);
    });
  }
  const form = (fields: Record<string, string>) => String(new URLSearchParams({ ...fields, QueueUrl }));
  const order = () => form({ Action: 'SendMessage', MessageBody: '{}' });
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

  /** The emulator counts what was sent as delayed until its own timer has fired, which a busy machine keeps waiting. */
  async function count(): Promise<number> {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesDelayed'],
      }),
    );
    return (
      Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesDelayed)
    );
  }

  it.each<[string, () => Record<string, string>]>([
    ['a page of another site', () => ({ host: `127.0.0.1:${port}`, origin: 'http://evil.example' })],
    ['a page of another port', () => ({ host: `localhost:${port}`, origin: 'http://localhost:3000' })],
    ['a page from nowhere', () => ({ host: `localhost:${port}`, origin: 'null' })],
    ['a link on another site', () => ({ host: `localhost:${port}`, 'sec-fetch-site': 'cross-site' })],
    ['a page whose domain points here', () => ({ host: 'evil.example', origin: 'http://evil.example' })],
    ['whoever calls it by that domain', () => ({ host: `evil.example:${port}` })],
    ['whoever calls it by any address', () => ({ host: `0.0.0.0:${port}` })],
  ])('neither takes nor drops orders for %s', async (_, headers) => {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'kept' }));
    const before = await count();
    for (const body of [order(), form({ Action: 'PurgeQueue' }), form({ Action: 'DeleteQueue' })]) {
      for (const type of [FORM, { 'content-type': 'text/plain' }]) {
        expect((await post({ ...headers(), ...type }, body)).status).toBe(403);
      }
    }
    expect(await count()).toBe(before);
  });

  it.each<[string, () => Record<string, string>]>([
    ['localhost', () => ({ host: `localhost:${port}` })],
    ['address', () => ({ host: `127.0.0.1:${port}` })],
    ['the name of the machine in a container', () => ({ host: `host.docker.internal:${port}` })],
    ['a browser whose user typed it', () => ({ host: `localhost:${port}`, 'sec-fetch-site': 'none' })],
  ])('takes an order by %s', async (_, headers) => {
    const before = await count();
    const { status, body } = await post({ ...headers(), ...FORM }, order());
    expect({ status, body }).toMatchObject({ status: 200, body: expect.stringContaining('MessageId') });
    expect(await count()).toBe(before + 1);
  });

  it('lets an SDK purge it', async () => {
    // The emulator takes its minute for it, as SQS does.
    const purged = client.send(new PurgeQueueCommand({ QueueUrl }));
    await expect(purged).resolves.toMatchObject({ $metadata: { httpStatusCode: 200 } });
  });
});
