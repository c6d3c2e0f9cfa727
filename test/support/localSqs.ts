import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { createSqsServer } from 'local-aws-sqs';

/** The embedded SQS alone, on a free port. */
export interface LocalSqs {
  port: number;
  client: SQSClient;
  /** Creates an empty queue and resolves to its URL; a name ending in .fifo makes a FIFO queue. */
  queue(name: string): Promise<string>;
  /** Receives until nothing is left, ten at a time. */
  receiveAll(queueUrl: string): Promise<string[]>;
  /** Another client and the batches that SQS saw from it, see FailEntry. */
  flaky(fail: FailEntry): Promise<Flaky>;
  stop(): void;
}

/** Called with the body of an entry and how often it came; makes SQS fail that entry as AWS does under load. */
export type FailEntry = (body: string, time: number) => { Code: string; SenderFault: boolean } | undefined;

export interface Flaky {
  client: SQSClient;
  batches: string[][];
}

export async function startLocalSqs(): Promise<LocalSqs> {
  const server = await createSqsServer({ port: 0, hostname: '127.0.0.1' });
  const servers = [server];
  const client = clientAt(portOf(server));
  const clients = [client];
  return {
    port: portOf(server),
    client,
    async queue(name) {
      const Attributes = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
      const created = await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
      return created.QueueUrl as string;
    },
    async receiveAll(queueUrl) {
      const bodies: string[] = [];
      for (;;) {
        // The product's inbox makes receives wait by default, this one must find the end at once.
        const receive = new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 0,
        });
        const { Messages = [] } = await client.send(receive);
        // On a busy machine the emulator may answer before it has looked.
        if (Messages.length === 0 && (await visible(client, queueUrl)) === 0) return bodies;
        bodies.push(...Messages.map((message) => message.Body ?? ''));
      }
    },
    async flaky(fail) {
      const batches: string[][] = [];
      const proxy = await startProxy(portOf(server), fail, batches);
      servers.push(proxy);
      clients.push(clientAt(portOf(proxy)));
      return { client: clients.at(-1) as SQSClient, batches };
    },
    stop() {
      for (const each of clients) each.destroy();
      for (const each of servers) {
        each.closeAllConnections();
        each.close();
      }
    },
  };
}

/** Unlike SQS, the emulator counts what is in flight into the first figure, and leaves out what came just now. */
async function visible(client: SQSClient, QueueUrl: string): Promise<number> {
  const { Attributes = {} } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  const counts: Record<string, string> = Attributes;
  const of = (name: string) => Number(counts[`ApproximateNumberOfMessages${name}`]);
  return of('') - of('NotVisible') + of('Delayed');
}

export function clientAt(port: number): SQSClient {
  return new SQSClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useQueueUrlAsEndpoint: false,
  });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Stands before the embedded SQS, because that one never fails an entry by itself. */
async function startProxy(port: number, fail: FailEntry, batches: string[][]): Promise<Server> {
  const times = new Map<string, number>();
  const server = createServer(async (incoming, outgoing) => {
    const asked = JSON.parse(await text(incoming));
    const entries: { Id: string; MessageBody: string }[] = asked.Entries;
    batches.push(entries.map((entry) => entry.MessageBody));
    const failed = entries.flatMap(({ Id, MessageBody }) => {
      const time = (times.get(MessageBody) ?? 0) + 1;
      times.set(MessageBody, time);
      const failure = fail(MessageBody, time);
      return failure ? [{ Id, Message: 'as told', ...failure }] : [];
    });
    const passed = entries.filter((entry) => !failed.some(({ Id }) => Id === entry.Id));
    const answer = passed.length > 0 ? await forward(port, incoming, { ...asked, Entries: passed }) : {};
    outgoing.setHeader('content-type', 'application/x-amz-json-1.0');
    outgoing.end(JSON.stringify({ ...answer, ...(failed.length > 0 && { Failed: failed }) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function forward(port: number, { headers }: IncomingMessage, body: unknown): Promise<object> {
  const payload = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(payload);
    const sent = request({
      host: '127.0.0.1',
      port,
      method: 'POST',
      headers: { ...headers, 'content-length': length },
    });
    sent.on('error', reject);
    sent.on('response', async (answer) => resolve(JSON.parse(await text(answer))));
    sent.end(payload);
  });
}
