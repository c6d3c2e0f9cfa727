/** Something that runs again and again. */
export interface Repetition {
  /** No further run begins; resolves when the one under way has ended, well or not. May be called twice. */
  stop(): Promise<void>;
}

export interface EveryOptions {
  /** The first run begins at once, otherwise after the first interval. */
  atOnce: boolean;
  /** Hears what a run throws or rejects with. After a stop it hears nothing more: what a run needs may be gone by then. */
  onError: (error: Error) => void;
}

/**
 * Runs `run` every `ms` until it is stopped. A run never overlaps itself: turns that come while one is under way are
 * left out, so that a Redis that hangs is not left with a queue of them. One that fails is made up for by the next turn.
 * No process stays alive for it.
 */
export function every(
  ms: number,
  run: () => Promise<void> | void,
  { atOnce, onError }: EveryOptions,
): Repetition {
  let stopped = false;
  let underWay: Promise<void> | undefined;
  const attempt = async () => {
    try {
      await run();
    } catch (error) {
      if (!stopped) onError(error as Error);
    }
  };
  const turn = () => {
    underWay ??= attempt().finally(() => {
      underWay = undefined;
    });
  };
  const timer = setInterval(turn, ms);
  timer.unref();
  if (atOnce) turn();
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await underWay;
    },
  };
}

/** For a run that nothing can make fail: what does is a fault of ours, and ends the process. */
export const cannotFail = (error: Error): never => {
  throw error;
};
