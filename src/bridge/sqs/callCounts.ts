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

/** Counts calls by kind; the derived figures follow from a price per million calls. */
export class CallCounts {
  readonly #dollarsPerMillionCalls: number;
  readonly #calls: Record<CallKind, number> = { receive: 0, delete: 0, hide: 0 };
  #failed = 0;
  #messages = 0;
  #empty = 0;
  #redeliveries = 0;

  constructor(dollarsPerMillionCalls: number) {
    this.#dollarsPerMillionCalls = dollarsPerMillionCalls;
  }

  called(kind: CallKind): void {
    this.#calls[kind] += 1;
  }

  failed(): void {
    this.#failed += 1;
  }

  received(messages: readonly { receiveCount: number }[]): void {
    this.#messages += messages.length;
    if (messages.length === 0) this.#empty += 1;
    for (const { receiveCount } of messages) if (receiveCount > 1) this.#redeliveries += 1;
  }

  report(): CallReport {
    const { receive, delete: deletes, hide } = this.#calls;
    const callsPerOrder = this.#messages === 0 ? 0 : (receive + deletes + hide) / this.#messages;
    return {
      calls: { ...this.#calls },
      failed_calls: this.#failed,
      messages: this.#messages,
      empty_receives: this.#empty,
      redeliveries: this.#redeliveries,
      messages_per_receive: round(receive === 0 ? 0 : this.#messages / receive),
      calls_per_1000_orders: round(callsPerOrder * 1_000),
      dollars_per_million_orders: round(callsPerOrder * this.#dollarsPerMillionCalls),
    };
  }
}

const round = (value: number): number => Math.round(value * 1_000) / 1_000;
