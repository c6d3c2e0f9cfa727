import type { Ask } from './roundTrips.ts';

/** Who waits for a read, and for how long. */
export interface Watch {
  /** Aborted once nobody waits any more. A read ends before its next round trip then, with the reason. */
  signal: AbortSignal;
  /** Holds one round trip to a deadline of its own. Ends when the round trip does. */
  trip<T>(ask: () => Promise<T>): Promise<T>;
}

export const UNWATCHED: Watch = { signal: new AbortController().signal, trip: (ask) => ask() };

/** The same, but every round trip begins only while somebody waits for it. */
export function watched(ask: Ask, { signal, trip }: Watch): Ask {
  const awaited = <T>(run: () => Promise<T>): Promise<T> =>
    signal.aborted ? Promise.reject(signal.reason) : trip(run);
  return {
    ...ask,
    one: (partition, commands) => awaited(() => ask.one(partition, commands)),
    all: (commands) => awaited(() => ask.all(commands)),
    trip: (run) => awaited(() => ask.trip(run)),
    atOnce: (partition, commands) => awaited(() => ask.atOnce(partition, commands)),
  };
}
