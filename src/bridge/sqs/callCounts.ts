import type { Tally } from '../../telemetry/tally.ts';

export type CallKind = 'receive' | 'delete' | 'hide';

/** What the bridge asked of SQS since it started, and what that costs. */
export interface CallReport {
  calls: Record<CallKind, number>;
  failed_calls: number;
  messages: number;
  /** Receives that brought nothing. */
  empty_receives: number;
  /** Messages that SQS had delivered before. */
  redeliveries: number;
  messages_per_receive: number;
  calls_per_1000_orders: number;
  dollars_per_million_orders: number;
}

/** Counts calls by kind, the rest in the process's tally; the derived figures follow from a price per million calls. */
export class CallCounts {
  readonly #dollarsPerMillionCalls: number;
  readonly #tally: Tally;
  readonly #calls: Record<CallKind, number> = { receive: 0, delete: 0, hide: 0 };
  #empty = 0;
  #lagMs = 0;

  constructor(dollarsPerMillionCalls: number, tally: Tally) {
    this.#dollarsPerMillionCalls = dollarsPerMillionCalls;
    this.#tally = tally;
  }

  called(kind: CallKind): void {
    this.#calls[kind] += 1;
    this.#tally.add('sqs_calls');
  }

  failed(): void {
    this.#tally.add('sqs_failed_calls');
  }

  received(messages: readonly { receiveCount: number; sentAt: string }[]): void {
    this.#tally.add('received', messages.length);
    if (messages.length === 0) this.#empty += 1;
    let oldest = this.#tally.now();
    for (const { receiveCount, sentAt } of messages) {
      if (receiveCount > 1) this.#tally.add('redelivered');
      else oldest = Math.min(oldest, Date.parse(sentAt));
    }
    this.#lagMs = this.#tally.now() - oldest;
  }

  /** How long ago the oldest message of the last receive was sent, ms: how old messages are when their turn comes. */
  get lagMs(): number {
    return this.#lagMs;
  }

  report(): CallReport {
    const { receive, delete: deletes, hide } = this.#calls;
    const messages = this.#tally.countOf('received');
    const callsPerOrder = messages === 0 ? 0 : (receive + deletes + hide) / messages;
    return {
      calls: { ...this.#calls },
      failed_calls: this.#tally.countOf('sqs_failed_calls'),
      messages,
      empty_receives: this.#empty,
      redeliveries: this.#tally.countOf('redelivered'),
      messages_per_receive: round(receive === 0 ? 0 : messages / receive),
      calls_per_1000_orders: round(callsPerOrder * 1_000),
      dollars_per_million_orders: round(callsPerOrder * this.#dollarsPerMillionCalls),
    };
  }
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
