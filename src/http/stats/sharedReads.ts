import { deadline, whenLate } from '../../runtime/deadline.ts';
import { UNWATCHED, type Watch } from '../../stats/read/readDeadline.ts';
import { HttpProblem } from '../transport/problem.ts';

export interface SharedOptions {
  /** Reads that may be under way at once; those on top are refused. */
  mostUnderWay: number;
  /** Milliseconds after which a read is answered with a refusal; of a long read, each of its round trips. */
  deadlineMs: number;
  /** Reads of many round trips, and the milliseconds they may take in all. */
  long?: { isLong(name: string, args: readonly unknown[]): boolean; deadlineMs: number };
}

/**
 * A read is joined by equal ones for this long after it began, so what a joined request is told is at most this
 * much older than the request. Reads take a millisecond or two; this only bounds the bad days. A long read is joined
 * as long as it is under way: beside it, equal ones would only make each other slower.
 */
export const JOIN_MS = 50;

interface UnderWay {
  answer: Promise<unknown>;
  joinedUntil: number;
}

type Read = (...args: never[]) => Promise<unknown>;
type Reads<T> = { [K in keyof T]: Read };

/**
 * The same reads, shared: equal ones that come while one is under way share its trip to Redis and its result,
 * which nobody may change. Each is answered within the deadline. A read keeps its place until Redis has answered, also
 * when its client has been sent away: a Redis that hangs is left with at most `mostUnderWay` reads to catch up on.
 * A long read that was answered by a refusal begins no further round trip.
 */
export function sharedReads<T extends Reads<T>>(
  readsFor: (watch: Watch) => T,
  options: SharedOptions,
  clock: () => number = () => performance.now(),
): T {
  const { mostUnderWay, deadlineMs, long } = options;
  const shared = new Map<string, UnderWay>();
  let underWay = 0;

  const begin = (key: string, start: () => Started, joinedUntil: number): Promise<unknown> => {
    if (underWay >= mostUnderWay) return Promise.reject(overloaded());
    underWay += 1;
    const { reading, answer } = start();
    const entry = { answer, joinedUntil };
    shared.set(key, entry);
    const settled = () => {
      underWay -= 1;
      if (shared.get(key) === entry) shared.delete(key);
    };
    reading.then(settled, settled);
    return answer;
  };

  const share = (name: string, read: Read) => {
    const startShort = (args: never[]) => (): Started => {
      const reading = read(...args);
      return { reading, answer: deadline(reading, deadlineMs, tooSlow) };
    };
    const startLong = (args: never[], allowedMs: number) => () =>
      watch((held) => (readsFor(held)[name as keyof T] as Read)(...args), deadlineMs, allowedMs);
    return (...args: never[]) => {
      const key = `${name} ${JSON.stringify(args)}`;
      const now = clock();
      const joined = shared.get(key);
      if (joined && now < joined.joinedUntil) return joined.answer;
      return long?.isLong(name, args)
        ? begin(key, startLong(args, long.deadlineMs), Number.POSITIVE_INFINITY)
        : begin(key, startShort(args), now + JOIN_MS);
    };
  };

  const entries = Object.entries(readsFor(UNWATCHED)) as [string, Read][];
  return Object.fromEntries(entries.map(([name, read]) => [name, share(name, read)])) as T;
}

interface Started {
  /** Ends when Redis has nothing more to do for it. */
  reading: Promise<unknown>;
  /** Ends by the deadline. */
  answer: Promise<unknown>;
}

/** Starts a long read. The first deadline it misses, of a round trip or of all, answers and aborts it. */
function watch(read: (watch: Watch) => Promise<unknown>, tripMs: number, allMs: number): Started {
  const giveUp = new AbortController();
  const { signal } = giveUp;
  const held = <U>(run: () => Promise<U>, ms: number, late: () => Error): Promise<U> => {
    return run().finally(whenLate(ms, () => giveUp.abort(late())));
  };
  const trip: Watch['trip'] = (ask) => held(ask, tripMs, tooSlow);
  const reading = held(() => read({ signal, trip }), allMs, tooLong);
  const answer = new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    reading.then(resolve, reject);
  });
  return { reading, answer };
}

const overloaded = () =>
  new HttpProblem(503, {
    kind: 'overloaded',
    detail: 'More reads are under way than are served at once, try again soon',
  });

export const tooSlow = () =>
  new HttpProblem(503, {
    kind: 'redis-unavailable',
    detail: 'Redis does not answer in time, try again soon',
  });

const tooLong = () =>
  new HttpProblem(503, {
    kind: 'overloaded',
    detail: 'Adding up this range takes too long for now, try again soon or ask for a shorter one',
  });
