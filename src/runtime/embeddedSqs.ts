import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { createRequestHandler } from 'local-aws-sqs';

/** SQS in this process, in memory: for trying out. What it holds is gone when the process ends. */
export interface EmbeddedSqs {
  endpoint: string;
  /** Another process of the same data folder serves it. */
  joined: boolean;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

/**
 * Serves SQS (Query and JSON protocols) on the port, or joins the process of the same data folder that does.
 * Throws when the port belongs to anyone else: sharing a stranger's inbox would mean taking each other's orders.
 */
export async function startEmbeddedSqs(port: number, region: string, dataDir: string): Promise<EmbeddedSqs> {
  const endpoint = `http://${HOST}:${port}`;
  const ownerFile = resolve(dataDir, `sqs-${port}.pid`);
  mkdirSync(resolve(dataDir), { recursive: true });
  try {
    const server = await listen(port, region);
    writeFileSync(ownerFile, String(process.pid));
    return {
      endpoint,
      joined: false,
      stop: () =>
        new Promise((done) => {
          rmSync(ownerFile, { force: true });
          server.close(() => done());
          server.closeAllConnections();
        }),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    if (isAlive(ownerFile)) return { endpoint, joined: true, stop: async () => {} };
    throw new Error(
      `port ${port} for the embedded SQS is in use: set EMBEDDED_SQS_PORT to a free one, ` +
        `or SQS_ENDPOINT=${endpoint} if that is the SQS you mean`,
    );
  }
}

async function listen(port: number, region: string): Promise<Server> {
  const { service, requestHandler } = createRequestHandler({
    port,
    hostname: HOST,
    region,
    emulateQueueCreationLifecycle: false,
  });
  // Our own server around its handler: the package's own one crashes the process when the port is taken.
  const server = createServer((request, response) => {
    for (const queue of service.Queues) pollLikeSqs(queue);
    void asking.run(response, () => requestHandler(request, response));
  });
  // Node closes idle connections after 5 s by default, in the middle of an SDK's next request.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((done, fail) => server.once('error', fail).listen(port, HOST, done));
  return server;
}

type EmulatedQueue = ReturnType<typeof createRequestHandler>['service']['Queues'][number];

/** The response that the current call of the emulator will be answered on. */
const asking = new AsyncLocalStorage<ServerResponse>();
const corrected = new WeakSet<EmulatedQueue>();

/** How often a waiting poll looks for messages that became visible again: that happens without a call. */
const LOOK_AGAIN_MS = 100;

/**
 * local-aws-sqs 2.0.2 answers a long poll when it has as many messages as were asked for, or at the end of the
 * wait; and it hands messages to clients that have gone. SQS answers as soon as there is one. Without this, an
 * order sent alone would be seen up to 20 s late, and one sent after a restart a visibility timeout late.
 */
function pollLikeSqs(queue: EmulatedQueue): void {
  if (corrected.has(queue)) return;
  corrected.add(queue);
  let wakers: (() => void)[] = [];
  const wakeAll = () => {
    const waking = wakers;
    wakers = [];
    for (const wake of waking) wake();
  };
  const { newRecord } = queue;
  queue.newRecord = (...args) => {
    const record = newRecord(...args);
    // The emulator makes it visible by a timer of its own, set just now.
    setTimeout(wakeAll, 1).unref();
    return record;
  };
  const somethingNew = () =>
    new Promise<void>((wake) => {
      const timer = setTimeout(wake, LOOK_AGAIN_MS);
      wakers.push(() => {
        clearTimeout(timer);
        wake();
      });
    });

  const receive = queue.receive.bind(queue);
  queue.receive = async (options) => {
    const response = asking.getStore();
    const waitSeconds = Number(options.WaitTimeSeconds ?? queue.ReceiveMessageWaitTimeSeconds);
    const deadline = Date.now() + waitSeconds * 1_000;
    let available = visible(queue);
    while (available === 0 && Date.now() < deadline && !response?.destroyed) {
      await somethingNew();
      available = visible(queue);
    }
    if (available === 0 || response?.destroyed) return [];
    const wanted = Math.min(Number(options.MaxNumberOfMessages ?? 1), available);
    const records = await receive({ ...options, MaxNumberOfMessages: wanted, WaitTimeSeconds: 0 });
    if (response?.destroyed) for (const record of records) queue.changeVisibility(record.ReceiptHandle, '0');
    return response?.destroyed ? [] : records;
  };
}

function visible(queue: EmulatedQueue): number {
  // Unlike SQS, the emulator's first figure includes what is in flight.
  const { ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible } = queue.getAttributes([
    'ApproximateNumberOfMessages',
    'ApproximateNumberOfMessagesNotVisible',
  ]);
  return Number(ApproximateNumberOfMessages) - Number(ApproximateNumberOfMessagesNotVisible);
}

function isAlive(ownerFile: string): boolean {
  try {
    process.kill(Number(readFileSync(ownerFile, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
}
