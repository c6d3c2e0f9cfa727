/** The same promise, rejected with `late()` when it takes longer. What it stands for goes on. */
export function deadline<T>(promise: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = whenLate(ms, () => reject(late()));
    promise.then(resolve, reject).finally(cancel);
  });
}

/**
 * Calls `onLate` after so many milliseconds, unless the function it returns is called before. What has come by then is
 * read first: a process that was busy for longer runs its timers before it looks at its sockets, and would call an answer
 * late that lay there all the time.
 */
export function whenLate(ms: number, onLate: () => void): () => void {
  let afterReading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    afterReading = setImmediate(onLate);
  }, ms);
  return () => {
    clearTimeout(timer);
    clearImmediate(afterReading);
  };
}

/** Resolves when the work has ended, or after the limit: the work goes on then, and nobody waits for it. */
export async function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

/** What is aborted has this long to end by itself: an answer that has come already is worth taking. */
const ABORT_MS = 500;

/**
 * Aborts what `ask` began after the limit, or with `outer`. Rejects soon after that whatever goes on of it: not
 * everything on the way to an answer can be aborted.
 */
export async function withLimit<T>(
  limitMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  let late = false;
  let lastMoment: NodeJS.Timeout | undefined;
  const abort = () => controller.abort();
  const aborted = new Promise<never>((_, reject) => {
    const giveUp = () => reject(signal.reason);
    signal.addEventListener(
      'abort',
      () => {
        lastMoment = setTimeout(giveUp, ABORT_MS);
      },
      { once: true },
    );
  });
  const timer = setTimeout(() => {
    late = true;
    abort();
  }, limitMs);
  outer?.addEventListener('abort', abort, { once: true });
  if (outer?.aborted) abort();
  try {
    return await Promise.race([ask(signal), aborted]);
  } catch (error) {
    if (!late) throw error;
    throw Object.assign(new Error(`no answer within ${limitMs / 1_000} s`, { cause: error }), {
      name: 'SlowCall',
    });
  } finally {
    clearTimeout(timer);
    clearTimeout(lastMoment);
    outer?.removeEventListener('abort', abort);
  }
}
