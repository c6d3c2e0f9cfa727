import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { parentPort, workerData } from 'node:worker_threads';
import { createRequestHandler } from 'local-aws-sqs';
import { isFromElsewhere, isOwnName } from '../runtime/requestOrigin.ts';

/* The thread behind embeddedSqs.ts: says `listening`, or why it cannot. */

interface Address {
  host: string;
  port: number;
  region: string;
}

async function listen({ host, port, region }: Address): Promise<void> {
  const { service, requestHandler } = createRequestHandler({
    port,
    hostname: host,
    region,
    emulateQueueCreationLifecycle: false,
  });
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const refusal = refusalOf(request, host);
    if (refusal !== undefined) {
      response.writeHead(403, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
      response.end(refusal);
      return;
    }
    const poll = await readPoll(request);
    if (poll) {
      const queue = service.Queues.find(({ QueueName }) => QueueName === poll.queueName);
      if (queue) await untilVisible(queue, poll, response);
      if (response.destroyed) return;
    }
    await requestHandler(poll?.request ?? request, response);
  };
  // Our own server around its handler: the package's own one crashes the process when the port is taken.
  const server = createServer((request, response) => {
    // A client that breaks off in the middle of its request rejects the reading of it, and would end the process.
    serve(request, response).catch(() => response.destroy());
  });
  // Node closes idle connections after 5 s by default, in the middle of an SDK's next request.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, host, done));
}

/** By which a container reaches the machine it runs on. Nobody can have a name of this ending, so no page has one. */
const NAMES_IN_CONTAINERS = ['host.docker.internal', 'gateway.docker.internal', 'host.containers.internal'];

/**
 * Why not, when a browser may have been made to send this: any page may post a form to this machine, and make its own
 * domain point here. curl, Postman, the CLI and SDKs send no Origin.
 */
function refusalOf({ headers }: IncomingMessage, host: string): string | undefined {
  if (isFromElsewhere(headers, headers.host)) return 'The embedded SQS takes nothing from web pages\n';
  if (isOwnName(headers.host, host, ...NAMES_IN_CONTAINERS)) return undefined;
  return 'The embedded SQS answers by localhost or an IP address only\n';
}

/*
 * local-aws-sqs 2.0.2 answers a long poll when it has as many messages as were asked for, or at the end of the
 * wait; and it hands messages to clients that have gone. SQS answers as soon as there is one. Without what follows,
 * an order sent alone would be seen up to 20 s late, and one sent after a restart a visibility timeout late.
 * So we wait in front of it, and then ask it for what there is, at once.
 */

type EmulatedQueue = ReturnType<typeof createRequestHandler>['service']['Queues'][number];

interface Poll {
  queueName: string;
  waitSeconds: number | undefined;
  max: number;
  /** The request to hand on, made ready by `untilVisible`. */
  request: IncomingMessage;
  body: Record<string, unknown>;
  json: boolean;
}

/** The poll a request asks for, if it does; a form has to be read for that, and is then handed on as a copy. */
async function readPoll(request: IncomingMessage): Promise<Poll | undefined> {
  const target = request.headers['x-amz-target'];
  if (target !== undefined && !String(target).endsWith('.ReceiveMessage')) return undefined;
  const text = Buffer.concat(await request.toArray()).toString();
  const json = target !== undefined;
  const body = json ? parseObject(text) : Object.fromEntries(new URLSearchParams(text));
  const { QueueUrl, WaitTimeSeconds, MaxNumberOfMessages = 1 } = body;
  return {
    queueName: body.Action === 'ReceiveMessage' || json ? (String(QueueUrl).split('/').at(-1) as string) : '',
    waitSeconds: WaitTimeSeconds === undefined ? undefined : Number(WaitTimeSeconds),
    max: Number(MaxNumberOfMessages),
    request: copyOf(request, text),
    body,
    json,
  };
}

/** Waits as SQS would, then rewrites the poll to ask for no more than there is and not to wait. */
async function untilVisible(queue: EmulatedQueue, poll: Poll, response: ServerResponse): Promise<void> {
  const deadline = Date.now() + (poll.waitSeconds ?? queue.ReceiveMessageWaitTimeSeconds) * 1_000;
  let available = visible(queue);
  while (available === 0 && Date.now() < deadline && !response.destroyed) {
    await somethingNew(queue);
    available = visible(queue);
  }
  const changes = { WaitTimeSeconds: 0, MaxNumberOfMessages: Math.min(poll.max, Math.max(available, 1)) };
  const body = { ...poll.body, ...changes };
  poll.request = copyOf(
    poll.request,
    poll.json
      ? JSON.stringify(body)
      : new URLSearchParams(body as unknown as Record<string, string>).toString(),
  );
}

const wakers = new WeakMap<EmulatedQueue, Set<() => void>>();
/** How often a waiting poll looks for messages that became visible again: that happens without a call. */
const LOOK_AGAIN_MS = 100;

function somethingNew(queue: EmulatedQueue): Promise<void> {
  const waiting = wakers.get(queue) ?? watch(queue);
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      waiting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, LOOK_AGAIN_MS);
    waiting.add(wake);
  });
}

function watch(queue: EmulatedQueue): Set<() => void> {
  const waiting = new Set<() => void>();
  wakers.set(queue, waiting);
  const { newRecord } = queue;
  queue.newRecord = (...args) => {
    const record = newRecord(...args);
    // The emulator makes it visible by a timer of its own, set just now.
    if (waiting.size > 0)
      setTimeout(() => {
        for (const wake of [...waiting]) wake();
      }, 1).unref();
    return record;
  };
  return waiting;
}

/** The emulator reads headers and body, and nothing else of a request. */
function copyOf(request: IncomingMessage, body: string): IncomingMessage {
  return Object.assign(Readable.from([Buffer.from(body)]), {
    headers: request.headers,
  }) as unknown as IncomingMessage;
}

/** What is no JSON object is left to the emulator to refuse. */
function parseObject(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function visible(queue: EmulatedQueue): number {
  // Unlike SQS, the emulator's first figure includes what is in flight.
  const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = queue.getAttributes([
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
  ]);
  return Number(ApproximateNumberOfMessages) - Number(ApproximateNumberOfMessagesNotVisible);
}

listen(workerData as Address).then(
  () => parentPort?.postMessage({ listening: true }),
  ({ code, message }: NodeJS.ErrnoException) => parentPort?.postMessage({ code, message }),
);
