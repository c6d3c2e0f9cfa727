import { TooManyWaiting } from './errors.ts';

/**
 * Runs a task when it is its turn. Rejects with TooManyWaiting at once when the queue is full, and with the signal's
 * reason when that is aborted while the task waits; a task that has begun is its own master.
 */
export type TaskQueue = <T>(task: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Of the tasks handed over at most `most` run at once, and `mostWaiting` wait, first come first served. */
export function makeTaskQueue(most: number, mostWaiting: number): TaskQueue {
  const waiting = new Set<() => void>();
  let running = 0;

  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const begin = () => {
        waiting.delete(begin);
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(begin);
        reject(signal.reason);
      };
      waiting.add(begin);
      signal.addEventListener('abort', leave, { once: true });
    });

  return async (task, signal) => {
    signal.throwIfAborted();
    if (running < most) running += 1;
    else if (waiting.size < mostWaiting) await turn(signal);
    else throw new TooManyWaiting();
    try {
      return await task();
    } finally {
      // The turn is handed on, not given back: a newcomer must not slip in before one who waits.
      const [next] = waiting;
      if (next) next();
      else running -= 1;
    }
  };
}
