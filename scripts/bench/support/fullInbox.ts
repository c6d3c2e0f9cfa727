import { startFauxqs } from 'fauxqs';
import { generate } from '../../../src/cli/send/generate.ts';
import { Backlog } from './backlog.ts';
import { serveParent } from './child.ts';

/*
 * fauxqs with an inbox that holds as many orders as asked for, put there without HTTP: a million would take
 * minutes. It needs a heap of 2 KB a message.
 */
export type FullInboxRequest =
  | { do: 'fill'; queue: string; messages: number; keep: boolean }
  | { do: 'state' };

export interface InboxState {
  waiting: number;
  inFlight: number;
  /** The most often that a message now waiting was handed out. */
  mostReceives: number;
}

interface StoredMessage {
  approximateReceiveCount: number;
}

interface StoredQueue {
  messages: Iterable<StoredMessage> & { readonly length: number };
  inflightMessages: Map<string, unknown>;
  enqueue(message: StoredMessage): void;
}

interface Store {
  prototype: { createQueue(...args: unknown[]): StoredQueue };
  createMessage(body: string): StoredMessage;
}

const store = new URL('./sqs/sqsStore.js', import.meta.resolve('fauxqs'));
const { SqsStore } = (await import(store.href)) as { SqsStore: Store };
const queues: StoredQueue[] = [];
const { createQueue } = SqsStore.prototype;
SqsStore.prototype.createQueue = function (...args) {
  const queue = createQueue.apply(this, args);
  queue.messages = new Backlog<StoredMessage>();
  queues.push(queue);
  return queue;
};

const server = await startFauxqs({ port: 0, logger: false });
/** How often an inbox that is to stay as full as it was is filled up. */
const FILL_UP_MS = 20;
/** More than any run takes out. */
const ENDLESS = 100_000_000;

serveParent(async (request: FullInboxRequest) => {
  if (request.do === 'state') return state();
  const { queueUrl } = server.createQueue(request.queue);
  const [inbox] = queues as [StoredQueue];
  const until = new Date().toISOString().slice(0, 10);
  const orders = generate({ count: ENDLESS, invalid: 0, duplicates: 0, users: 1_000, seed: 1, until });
  const fillUp = () => {
    while (inbox.messages.length < request.messages) {
      inbox.enqueue(SqsStore.createMessage(orders.next().value?.body as string));
    }
  };
  fillUp();
  if (request.keep) setInterval(fillUp, FILL_UP_MS);
  return { endpoint: server.address, queueUrl };
});

function state(): InboxState {
  const [inbox] = queues as [StoredQueue];
  let mostReceives = 0;
  for (const { approximateReceiveCount } of inbox.messages) {
    mostReceives = Math.max(mostReceives, approximateReceiveCount);
  }
  return { waiting: inbox.messages.length, inFlight: inbox.inflightMessages.size, mostReceives };
}
