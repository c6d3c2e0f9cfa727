/** Runs a task when it is its turn. */
export type Turns = <T>(task: () => Promise<T>) => Promise<T>;

/** Of the tasks handed over at most `most` run at once; the others wait, first come first served. */
export function makeTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running === most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      // The turn is handed on, not given back: a newcomer must not slip in before one who waits.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
