/** What was done for how long, as part of a trace. */
export interface Span {
  /** Says in what is done for it that it belongs here, in this process or in another. */
  readonly traceparent: string;
  /** Once. `failed` marks it as an error; `name` replaces the one it began with. */
  end(attributes: Attributes, how?: { failed?: boolean; name?: string }): void;
}

/** Closed lists and ids of machinery only: never an address, an amount or another text that came from outside. */
export type Attributes = Record<string, string | number>;

export interface SpanStart {
  kind: 'server' | 'client' | 'producer' | 'consumer';
  /** The `traceparent` of what it is done for. What is none begins a trace of its own. */
  parent: string | undefined;
  attributes?: Attributes;
}

/** Where spans go. Whoever writes them has this while traces are on, and undefined otherwise. */
export interface Traces {
  /** Costs some microseconds; nothing is ever waited for. */
  begin(name: string, start: SpanStart): Span;
  /** Delivers what has ended, for a second at most. */
  stop(): Promise<void>;
}
