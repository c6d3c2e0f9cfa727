import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';

/** What stands between the bridge and an SQS, and says "deleted" without deleting, as SQS does for stale handles. */
export interface ForgetfulSqs {
  endpoint: string;
  /** How often messages were handed out, over all messages. */
  deliveries(): number;
  /** Makes every message handed out so far visible again: SQS delivers it once more, with the same id. */
  redeliver(): Promise<void>;
  stop(): Promise<void>;
}

interface Call {
  QueueUrl: string;
  Entries?: { Id: string }[];
}

interface Received {
  Messages?: { MessageId: string; ReceiptHandle: string }[];
}

export async function startForgetfulSqs(behind: string): Promise<ForgetfulSqs> {
  const handles = new Map<string, { queueUrl: string; handle: string }>();
  let deliveries = 0;
  const server = createServer(async (request, response) => {
    const call = (await json(request)) as Call;
    const target = String(request.headers['x-amz-target']);
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    if (target.endsWith('.DeleteMessageBatch')) {
      response.end(JSON.stringify({ Successful: call.Entries?.map(({ Id }) => ({ Id })) }));
      return;
    }
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = await forward(behind, request, call, gone.signal).catch(() => undefined);
    if (!answer) return response.destroy();
    const answered = (await answer.json()) as Received;
    for (const { MessageId, ReceiptHandle } of answered.Messages ?? []) {
      deliveries += 1;
      handles.set(MessageId, { queueUrl: call.QueueUrl, handle: ReceiptHandle });
    }
    response.writeHead(answer.status).end(JSON.stringify(answered));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries: () => deliveries,
    async redeliver() {
      const sqs = new SQSClient({
        endpoint: behind,
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        useQueueUrlAsEndpoint: false,
      });
      for (const { queueUrl, handle } of handles.values()) {
        await sqs.send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: queueUrl,
            ReceiptHandle: handle,
            VisibilityTimeout: 0,
          }),
        );
      }
      sqs.destroy();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(
  behind: string,
  request: IncomingMessage,
  call: Call,
  signal: AbortSignal,
): Promise<Response> {
  const { 'content-type': type, 'x-amz-target': target, authorization } = request.headers;
  return fetch(behind, {
    method: 'POST',
    headers: {
      'content-type': String(type),
      'x-amz-target': String(target),
      authorization: String(authorization),
    },
    body: JSON.stringify(call),
    signal,
  });
}
