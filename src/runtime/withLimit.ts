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
