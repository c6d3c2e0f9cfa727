import { type Expected, expectMessage, expectNothing } from '../../src/cli/send/expected.ts';
import type { GeneratedMessage } from '../../src/cli/send/generate.ts';
import type { Misprint } from './misprints.ts';
import type { OperatorAct } from './schedule.ts';

/** Messages of which exactly one must end refused: an invalid one alone, or an order and its contradiction. */
export interface Refusal {
  /** SQS's ids, which the jobs carry. */
  messages: readonly string[];
  /** An operator has made something valid of it: then none of them may be left refused. */
  repaired: boolean;
}

/** What must have come of everything sent and done so far. */
export interface Model {
  readonly expected: Expected;
  readonly refusals: readonly Refusal[];
  /** SQS's ids of messages that a run of repairs is to make pass, all of them before it is over. */
  readonly misprints: ReadonlySet<string>;
  /** Every message sent, by SQS's id. */
  readonly bodies: ReadonlyMap<string, string>;
  /** The most orders that may count by now: what is on its way to SQS may count before SQS has answered. */
  readonly atMost: number;
  sending(messages: readonly (GeneratedMessage | Misprint)[]): void;
  sent(message: GeneratedMessage | Misprint, id: string): void;
  /** Called before the first run of repairs is asked for: what is misprinted may count from then on. */
  mending(): void;
  /** Called before the operator acts, as from then on it may count; returns the order to put in. */
  operated(refusal: Refusal, act: OperatorAct, order: GeneratedMessage): unknown;
}

export function makeModel(): Model {
  const expected = expectNothing();
  const refusals: Refusal[] = [];
  const bodies = new Map<string, string>();
  const counted: { id: string; body: string }[] = [];
  const repairs: GeneratedMessage[] = [];
  const misprints = new Set<string>();
  let atMost = 0;
  /** Ids of orders of which no message that passes was sent. */
  const mendable = new Set<string>();
  let isMended = false;

  /** A contradiction repeats the ids of its order as they were spelled. */
  const originalOf = (body: string): string => {
    const original = counted.find((each) => idsOf(each.body) === idsOf(body));
    if (!original) throw new Error('a contradiction was sent before its order');
    return original.id;
  };

  return {
    expected,
    refusals,
    misprints,
    bodies,
    get atMost() {
      return atMost + (isMended ? mendable.size : 0);
    },
    sending(messages) {
      for (const message of messages) {
        const isFirst = message.expect === 'counted';
        if (isMisprint(message)) {
          if (isFirst) mendable.add(idsOf(message.body));
        } else if (isFirst || (message.expect === 'duplicate' && mendable.delete(idsOf(message.body)))) {
          atMost += 1;
        }
      }
    },
    mending() {
      isMended = true;
    },
    sent(message, id) {
      expectMessage(expected, message);
      bodies.set(id, message.body);
      if (isMisprint(message)) {
        misprints.add(id);
        return;
      }
      if (message.expect === 'counted') counted.push({ id, body: message.body });
      if (message.expect !== 'invalid') return;
      const contradicted = message.reason === 'conflicting_duplicate' ? [originalOf(message.body)] : [];
      refusals.push({ messages: [id, ...contradicted], repaired: false });
    },
    operated(refusal, act, order) {
      if (act === 'spoil' || act === 'retry') return SPOILED;
      refusal.repaired = true;
      // Only what was put in by a repair is sure to be the one that counts: what was sent may be contradicted.
      const earlier = act === 'repeat' ? repairs.at(-1) : undefined;
      if (!earlier) {
        repairs.push(order);
        atMost += 1;
      }
      expectMessage(expected, earlier ? { ...earlier, expect: 'duplicate' } : order);
      return JSON.parse((earlier ?? order).body);
    },
  };
}

const isMisprint = (message: GeneratedMessage | Misprint): message is Misprint => 'misprinted' in message;

const SPOILED = { order_id: 'SPOILED', order_value: -1 };

function idsOf(body: string): string {
  const { user_id, order_id } = JSON.parse(body) as { user_id: string; order_id: string | number };
  return JSON.stringify([user_id, order_id]);
}
