import { deadline } from './deadline.ts';
import { HttpProblem } from './problem.ts';

export interface SteadyOptions {
  /** Reads that may be under way at once; those on top are refused. */
  mostUnderWay: number;
  /** Milliseconds after which a read is answered with a refusal. */
  deadlineMs: number;
}

/**
 * A read is joined by equal ones for this long after it began, so what a joined request is told is at most this
 * much older than the request. Reads take a millisecond or two; this only bounds the bad days.
 */
export const JOIN_MS = 50;

interface UnderWay {
  answer: Promise<unknown>;
  begun: number;
}

type Reads<T> = { [K in keyof T]: (...args: never[]) => Promise<unknown> };

/**
 * The same reads, steadied: equal ones that come while one is under way share its trip to Redis and its result,
 * which nobody may change. Each is answered within the deadline. A read keeps its place until Redis has answered, also
 * when its client has been sent away: a Redis that hangs is left with at most `mostUnderWay` reads to catch up on.
 */
export function steadyReads<T extends Reads<T>>(
  reads: T,
  options: SteadyOptions,
  clock: () => number = () => performance.now(),
): T {
  const shared = new Map<string, UnderWay>();
  let underWay = 0;

  const begin = (key: string, read: () => Promise<unknown>, now: number): Promise<unknown> => {
    if (underWay >= options.mostUnderWay) return Promise.reject(overloaded());
    underWay += 1;
    const reading = read();
    const entry = { answer: deadline(reading, options.deadlineMs, tooSlow), begun: now };
    shared.set(key, entry);
    const settled = () => {
      underWay -= 1;
      if (shared.get(key) === entry) shared.delete(key);
    };
    reading.then(settled, settled);
    return entry.answer;
  };

  const steady =
    (name: string, read: (...args: never[]) => Promise<unknown>) =>
    (...args: never[]) => {
      const key = `${name} ${JSON.stringify(args)}`;
      const now = clock();
      const joined = shared.get(key);
      if (joined && now - joined.begun < JOIN_MS) return joined.answer;
      return begin(key, () => read(...args), now);
    };

  const entries = Object.entries(reads) as [string, (...args: never[]) => Promise<unknown>][];
  return Object.fromEntries(entries.map(([name, read]) => [name, steady(name, read)])) as T;
}

const overloaded = () =>
  new HttpProblem(503, {
    kind: 'overloaded',
    detail: 'More reads are under way than are served at once, try again soon',
  });

const tooSlow = () =>
  new HttpProblem(503, {
    kind: 'redis-unavailable',
    detail: 'Redis does not answer in time, try again soon',
  });
