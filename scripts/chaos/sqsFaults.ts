import { setTimeout as delay } from 'node:timers/promises';
import {
  answerLost,
  awsError,
  type Call,
  type Fault,
  type FaultProxy,
  failEntries,
  staleHandles,
} from '../../test/support/faultProxy.ts';
import type { SqsFault } from './schedule.ts';

/** SQS as a schedule wants it: impatient always, and wrong as often as it is told. */
export interface SqsFaults {
  /** The next `times` calls that the fault concerns meet it. */
  inject(fault: SqsFault, times: number): void;
  /** Messages that are still to be delivered again. */
  readonly owed: number;
  /** No new faults; what is owed is still delivered. */
  calm(): void;
}

/**
 * Messages of a killed bridge come back after this, where the configuration's least is ten seconds: a schedule
 * would wait for nothing else.
 */
const HIDDEN_SECONDS = 2;
const HANG_MS = 1_500;
const LOOK_EVERY_MS = 50;

type Action = 'ReceiveMessage' | 'DeleteMessageBatch' | 'ChangeMessageVisibilityBatch';

export function injectSqsFaults(proxy: FaultProxy, onMet: (fault: SqsFault) => void): SqsFaults {
  const owed: unknown[] = [];
  let due: { action: Action; name: SqsFault; fault: Fault }[] = [];

  const deliveredAgain: Fault = async ({ pass }) => {
    const answer = await pass();
    owed.push(...(answer.body.Messages ?? []));
    return answer;
  };
  const faults: Record<SqsFault, [Action, Fault]> = {
    'delete answer lost': ['DeleteMessageBatch', answerLost],
    'delete refused': ['DeleteMessageBatch', awsError(500, 'InternalFailure')],
    'delete refused in part': [
      'DeleteMessageBatch',
      failEntries({ Code: 'InternalError', SenderFault: false }, (index) => index % 2 === 0),
    ],
    'delete hangs': ['DeleteMessageBatch', hangForAWhile],
    'handles stale': ['ReceiveMessage', staleHandles],
    'delivered again': ['ReceiveMessage', deliveredAgain],
    'receive answer lost': ['ReceiveMessage', answerLost],
    'receive refused': ['ReceiveMessage', awsError(503, 'ServiceUnavailable')],
    'receive hangs': ['ReceiveMessage', hangForAWhile],
  };

  const answer = (action: Action): Fault => {
    return (call) => {
      const impatient = shortened(call);
      const index = due.findIndex((each) => each.action === action);
      const [met] = index < 0 ? [] : due.splice(index, 1);
      if (met) {
        onMet(met.name);
        return met.fault(impatient);
      }
      if (action === 'ReceiveMessage' && owed.length > 0) {
        return { status: 200, body: { Messages: owed.splice(0, call.body.MaxNumberOfMessages) } };
      }
      return action === 'ReceiveMessage' ? longPoll(impatient) : impatient.pass();
    };
  };
  for (const action of ['ReceiveMessage', 'DeleteMessageBatch', 'ChangeMessageVisibilityBatch'] as const) {
    proxy.disturb(action, answer(action));
  }

  return {
    inject(name, times) {
      const [action, fault] = faults[name];
      for (let time = 0; time < times; time += 1) due.push({ action, name, fault });
    },
    get owed() {
      return owed.length;
    },
    calm() {
      due = [];
    },
  };
}

/** Waits here rather than in the proxy, which asks more often than a campaign can afford. */
const longPoll: Fault = async ({ body, pass }) => {
  const { WaitTimeSeconds = 0, ...asked } = body;
  const deadline = Date.now() + WaitTimeSeconds * 1_000;
  for (;;) {
    const answer = await pass(asked);
    if (answer.status !== 200 || answer.body.Messages?.length > 0 || Date.now() >= deadline) return answer;
    await delay(LOOK_EVERY_MS);
  }
};

const hangForAWhile: Fault = async ({ response }) => {
  await delay(HANG_MS);
  response.destroy();
  return undefined;
};

/** What a call may ask for, for all messages or for each. */
interface Asked {
  VisibilityTimeout?: number;
  Entries?: Asked[];
}

/** The same call, but nobody may hide a message for longer. */
function shortened(call: Call): Call {
  return { ...call, pass: (body: unknown = call.body) => call.pass(shorten(body as Asked)) };
}

function shorten(asked: Asked): Asked {
  const { VisibilityTimeout, Entries } = asked;
  return {
    ...asked,
    ...(VisibilityTimeout !== undefined && {
      VisibilityTimeout: Math.min(VisibilityTimeout, HIDDEN_SECONDS),
    }),
    ...(Entries && { Entries: Entries.map(shorten) }),
  };
}
