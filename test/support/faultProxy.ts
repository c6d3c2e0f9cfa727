import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/** Stands in front of an SQS (JSON protocol) and fails as AWS, the network and other consumers do, on request. */
export interface FaultProxy {
  endpoint: string;
  /** Calls of an action that came so far, `ReceiveMessage` for example. */
  calls(action: string): number;
  /** Calls that wait for their answer now. */
  underWay(action: string): number;
  /** The next `times` calls of the action meet the fault, or all until it is ended; one fault after the other. */
  disturb(action: string, fault: Fault, times?: number): Disturbance;
  stop(): Promise<void>;
}

export interface Disturbance {
  /** Calls that met the fault. */
  readonly met: number;
  end(): void;
}

/** What happens to a call in place of being passed on. Undefined means that the client hears nothing more from us. */
export type Fault = (call: Call) => Promise<Answer | undefined> | Answer | undefined;

export interface Call {
  action: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the action takes
  body: any;
  /** Lets SQS answer, to the call as it came or changed. */
  pass(body?: unknown): Promise<Answer>;
  response: ServerResponse;
}

export interface Answer {
  status: number;
  /** A string is sent as it is. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the action gives
  body: any;
  /** AWS names the error in a header too. */
  queryError?: string | undefined;
}

export async function startFaultProxy(behind: string): Promise<FaultProxy> {
  const sqs = courier(behind);
  const calls = new Map<string, number>();
  const underWay = new Map<string, number>();
  const faults: { action: string; fault: Fault; left: number; met: number }[] = [];
  const add = (to: Map<string, number>, action: string, change: number) =>
    to.set(action, (to.get(action) ?? 0) + change);

  const server = createServer(async (incoming, response) => {
    const action = String(incoming.headers['x-amz-target']).replace('AmazonSQS.', '');
    const gone = new AbortController();
    add(calls, action, 1);
    add(underWay, action, 1);
    response.once('close', () => {
      gone.abort();
      add(underWay, action, -1);
    });
    try {
      const body = JSON.parse(await text(incoming));
      const pass = (changed: unknown = body) => sqs.pass(incoming, changed, gone.signal);
      const disturbed = faults.find((each) => each.action === action && each.left > 0);
      if (disturbed) {
        disturbed.left -= 1;
        disturbed.met += 1;
      }
      const answer = await (disturbed ? disturbed.fault({ action, body, pass, response }) : pass());
      if (answer) reply(response, answer);
    } catch {
      // The client has gone, or SQS has: either way there is nobody to tell.
      response.destroy();
    }
  });
  // Longer than any test: which side closes an idle connection first is no matter of chance then.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: (action) => calls.get(action) ?? 0,
    underWay: (action) => underWay.get(action) ?? 0,
    disturb(action, fault, times = Number.POSITIVE_INFINITY) {
      const entry = { action, fault, left: times, met: 0 };
      faults.push(entry);
      return {
        get met() {
          return entry.met;
        },
        end() {
          entry.left = 0;
        },
      };
    },
    async stop() {
      sqs.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Done and answered as it should be. */
export const done: Fault = ({ pass }) => pass();

/** Refused as AWS does it, by the name of the error. */
export const awsError =
  (status: number, name: string, message = `as a test wants it`): Fault =>
  () => ({
    status,
    body: { __type: `com.amazonaws.sqs#${name}`, message },
    queryError: `${name};${status < 500 ? 'Sender' : 'Receiver'}`,
  });

/** Answered by something on the way, a load balancer for example. */
export const htmlPage: Fault = () => ({ status: 502, body: '<html><h1>502 Bad Gateway</h1></html>' });

/** SQS has done what was asked; the answer never arrives. */
export const answerLost: Fault = async ({ pass, response }) => {
  await pass();
  response.destroy();
  return undefined;
};

/** Neither done nor answered. */
export const hang: Fault = () => undefined;

/** Done, and answered by half: then the connection is silent, or closed from our side only. */
export const halfAnswer =
  (then: 'silence' | 'close'): Fault =>
  async ({ pass, response }) => {
    const { body } = await pass();
    const whole = JSON.stringify(body);
    response.writeHead(200, { ...CONTENT_TYPE, 'content-length': String(Buffer.byteLength(whole)) });
    response.write(whole.slice(0, whole.length / 2));
    if (then === 'close') response.socket?.end();
    return undefined;
  };

/** Answered at last. */
export const late =
  (ms: number): Fault =>
  async ({ pass }) => {
    await delay(ms);
    return pass();
  };

/** Waits for `release` before it does what `then` says, and so keeps a call under way for as long as a test wants. */
export function held(then: Fault): { fault: Fault; release: () => void } {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const fault: Fault = async (call) => {
    await released;
    return then(call);
  };
  return { fault, release };
}

/** The entries of a batch that `chosen` names fail, the others are done. */
export const failEntries =
  (failure: { Code: string; SenderFault: boolean }, chosen: (index: number) => boolean = () => true): Fault =>
  async ({ body, pass }) => {
    const entries: { Id: string }[] = body.Entries;
    const Failed = entries
      .filter((_, index) => chosen(index))
      .map(({ Id }) => ({ Id, Message: 'as a test wants it', ...failure }));
    const passed = entries.filter((_, index) => !chosen(index));
    const answer = passed.length === 0 ? { status: 200, body: {} } : await pass({ ...body, Entries: passed });
    return { ...answer, body: { ...answer.body, Failed } };
  };

/** Messages come with receipt handles that SQS has forgotten: it takes them without a word, and does nothing. */
export const staleHandles: Fault = async ({ pass }) => {
  const answer = await pass();
  for (const message of answer.body.Messages ?? []) message.ReceiptHandle = `stale-${message.ReceiptHandle}`;
  return answer;
};

/** Hands out each message `times` more, with its id, body and handle, as soon as an answer has room for it. */
export function deliverAgain(times: number): Fault {
  const owed: unknown[] = [];
  return async ({ body, pass }) => {
    // Only what is owed now: a message twice in one answer comes about once it is owed twice.
    const room = owed.splice(0, body.MaxNumberOfMessages ?? 1);
    if (room.length > 0) return { status: 200, body: { Messages: room } };
    const answer = await pass();
    for (let time = 0; time < times; time += 1) owed.push(...(answer.body.Messages ?? []));
    return answer;
  };
}

const CONTENT_TYPE = { 'content-type': 'application/x-amz-json-1.0' };

function reply(response: ServerResponse, { status, body, queryError }: Answer): void {
  response.writeHead(status, { ...CONTENT_TYPE, ...(queryError && { 'x-amzn-query-error': queryError }) });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** How often SQS is asked on behalf of the polls that wait, however many they are. */
const LOOK_EVERY_MS = 20;

/** Passes calls on, and waits for long polls here: an emulator hands messages to a poll whose client has gone. */
function courier(behind: string) {
  const agent = new Agent({ keepAlive: true });
  const lastEmpty = new Map<string, number>();

  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the action takes
  const ask = async ({ headers }: IncomingMessage, body: any): Promise<Answer> => {
    const payload = JSON.stringify(body);
    const { host, 'content-length': _, ...others } = headers;
    const sent = request(behind, {
      agent,
      method: 'POST',
      headers: { ...others, 'content-length': Buffer.byteLength(payload) },
    }).end(payload);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const queryError = answer.headers['x-amzn-query-error'] as string | undefined;
    return { status: answer.statusCode as number, body: JSON.parse(await text(answer)), queryError };
  };

  return {
    // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the action takes
    async pass(incoming: IncomingMessage, body: any, gone: AbortSignal): Promise<Answer> {
      const { QueueUrl, WaitTimeSeconds = 0 } = body;
      if (WaitTimeSeconds === 0) return ask(incoming, body);
      const deadline = Date.now() + WaitTimeSeconds * 1_000;
      for (;;) {
        if (Date.now() - (lastEmpty.get(QueueUrl) ?? 0) >= LOOK_EVERY_MS) {
          const answer = await ask(incoming, { ...body, WaitTimeSeconds: 0 });
          if (answer.status !== 200 || answer.body.Messages?.length > 0) return answer;
          lastEmpty.set(QueueUrl, Date.now());
        }
        if (Date.now() >= deadline) return { status: 200, body: {} };
        await delay(LOOK_EVERY_MS, undefined, { signal: gone });
      }
    },
    close: () => agent.destroy(),
  };
}
