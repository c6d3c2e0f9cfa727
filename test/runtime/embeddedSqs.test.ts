import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EmbeddedSqs, startEmbeddedSqs } from '../../src/embedded/sqs.ts';
import { clientAt } from '../support/localSqs.ts';
import { freePort } from '../support/redis.ts';

/** Longer than any test may take: whoever waits for its end fails. */
const LONG_WAIT_SECONDS = 20;

describe('the embedded SQS', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'order-pipeline-sqs-'));
  let sqs: EmbeddedSqs;
  let client: SQSClient;
  let queues = 0;

  beforeAll(async () => {
    const port = await freePort();
    sqs = await startEmbeddedSqs(port, 'us-east-1', dataDir);
    client = clientAt(port);
  });
  afterAll(async () => {
    client.destroy();
    await sqs.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function newQueue(): Promise<string> {
    queues += 1;
    const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: `queue-${queues}` }));
    return QueueUrl;
  }

  const send = (QueueUrl: string, MessageBody: string) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody }));

  async function receive(
    QueueUrl: string,
    {
      wait = LONG_WAIT_SECONDS,
      max = 10,
      signal,
    }: { wait?: number; max?: number; signal?: AbortSignal } = {},
  ): Promise<string[]> {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: wait, MaxNumberOfMessages: max }),
      signal === undefined ? {} : { abortSignal: signal },
    );
    return Messages.map(({ Body = '' }) => Body);
  }

  async function form(url: string, fields: Record<string, string>): Promise<string> {
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
    const body = await response.text();
    expect({ status: response.status, body }).toMatchObject({ status: 200 });
    return body;
  }

  it('takes forms, as curl and Postman send them, and answers in XML', async () => {
    const QueueUrl = await newQueue();
    const sent = await form(sqs.endpoint, {
      Action: 'SendMessage',
      QueueUrl,
      MessageBody: 'ä & 東京',
    });
    expect(sent).toMatch(/<MessageId>[0-9a-f-]{36}<\/MessageId>/);
    const received = await form(sqs.endpoint, { Action: 'ReceiveMessage', QueueUrl });
    expect(received).toContain('<ReceiptHandle>');
    expect(received).toMatch(/<Body>ä &(amp;)? 東京<\/Body>/);
  });

  it('takes JSON, as SDKs send it', async () => {
    const QueueUrl = await newQueue();
    await send(QueueUrl, 'one');
    expect(await receive(QueueUrl)).toEqual(['one']);
  });

  it('takes messages of 1 MiB, as SQS does, alone or ten in the queue, and by either protocol', async () => {
    const QueueUrl = await newQueue();
    const body = 'x'.repeat(1_048_576);
    for (let sent = 0; sent < 9; sent += 1) await send(QueueUrl, body);
    await form(sqs.endpoint, { Action: 'SendMessage', QueueUrl, MessageBody: body });
    const received: string[] = [];
    while (received.length < 10) received.push(...(await receive(QueueUrl)));
    expect(received.every((each) => each === body)).toBe(true);
    await expect(send(QueueUrl, `${body}x`)).rejects.toThrow('1048576');
  });

  it('answers a long poll as soon as the first message comes, though ten were asked for', async () => {
    const QueueUrl = await newQueue();
    const poll = receive(QueueUrl);
    await send(QueueUrl, 'early');
    expect(await poll).toEqual(['early']);
  });

  it('answers a long poll sent as a form as soon as the first message comes', async () => {
    const QueueUrl = await newQueue();
    const poll = form(sqs.endpoint, {
      Action: 'ReceiveMessage',
      QueueUrl,
      WaitTimeSeconds: String(LONG_WAIT_SECONDS),
      MaxNumberOfMessages: '10',
    });
    await send(QueueUrl, 'early');
    expect(await poll).toContain('<Body>early</Body>');
  });

  it('answers a short poll at once when there is nothing', async () => {
    expect(await receive(await newQueue(), { wait: 0 })).toEqual([]);
  });

  it('gives each message to one of many pollers', async () => {
    const QueueUrl = await newQueue();
    const receiveOne = async (): Promise<string | undefined> => {
      const [body] = await receive(QueueUrl, { max: 1 });
      return body ?? receiveOne();
    };
    const polls = Array.from({ length: 5 }, receiveOne);
    const bodies = ['1', '2', '3', '4', '5'];
    for (const body of bodies) await send(QueueUrl, body);
    expect((await Promise.all(polls)).sort()).toEqual(bodies);
  });

  it('keeps the next message for those who still wait when others have given up their polls', async () => {
    const [QueueUrl, elsewhere] = [await newQueue(), await newQueue()];
    const giveUp = new AbortController();
    const polls = Array.from({ length: 3 }, () => receive(QueueUrl, { signal: giveUp.signal }));
    // An answer to what was asked later means that the polls have arrived, and then that their end has.
    await receive(elsewhere, { wait: 0 });
    giveUp.abort();
    await Promise.allSettled(polls);
    await receive(elsewhere, { wait: 0 });
    await send(QueueUrl, 'next');
    expect(await receive(QueueUrl)).toEqual(['next']);
  });

  it.each([
    ['a body that is not JSON', '{"QueueUrl":', { 'x-amz-target': 'AmazonSQS.ReceiveMessage' }],
    ['a body of null', 'null', { 'x-amz-target': 'AmazonSQS.ReceiveMessage' }],
    ['no queue', '{}', { 'x-amz-target': 'AmazonSQS.ReceiveMessage' }],
    [
      'a wait that is no number',
      '{"QueueUrl":"queue-1","WaitTimeSeconds":"x"}',
      { 'x-amz-target': 'AmazonSQS.ReceiveMessage' },
    ],
    ['an action nobody knows', 'Action=Nothing', {}],
    ['nothing at all', '', {}],
  ])('goes on after %s', async (_, body, headers: Record<string, string>) => {
    const response = await fetch(sqs.endpoint, { method: 'POST', body, headers });
    expect(response.status).toBeGreaterThanOrEqual(400);
    await response.arrayBuffer();
    expect(await receive(await newQueue(), { wait: 0 })).toEqual([]);
  });

  it('goes on after a client that breaks off in the middle of its request', async () => {
    const socket = connect(Number(new URL(sqs.endpoint).port), '127.0.0.1');
    socket.write(
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nAction=',
    );
    // The half-close reaches the server as an aborted request; it ends the connection in turn.
    socket.end();
    await text(socket);
    expect(await receive(await newQueue(), { wait: 0 })).toEqual([]);
  });

  it('is joined by another process of the same data folder, and survives its stop', async () => {
    const joined = await startEmbeddedSqs(Number(new URL(sqs.endpoint).port), 'us-east-1', dataDir);
    expect(joined).toMatchObject({ endpoint: sqs.endpoint, joined: true });
    await joined.stop();
    expect(await receive(await newQueue(), { wait: 0 })).toEqual([]);
  });

  it('refuses a port that belongs to a stranger, naming the setting to change', async () => {
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve));
    const { port } = stranger.address() as { port: number };
    await expect(startEmbeddedSqs(port, 'us-east-1', dataDir)).rejects.toThrow(
      `port ${port} for the embedded SQS is in use: set EMBEDDED_SQS_PORT to a free one`,
    );
    await new Promise((resolve) => stranger.close(resolve));
  });

  it('gives its port back when it stops', async () => {
    const port = await freePort();
    for (let time = 1; time <= 2; time += 1) {
      const own = await startEmbeddedSqs(port, 'us-east-1', dataDir);
      expect(own.joined).toBe(false);
      await own.stop();
    }
  });
});
