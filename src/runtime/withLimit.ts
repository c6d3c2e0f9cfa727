/**
 * Aborts what `ask` began after the limit, or with `outer`, and rejects then, whatever of it goes on: not everything
 * on the way to an answer can be aborted.
 */
export async function withLimit<T>(
  limitMs: number,
  ask: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  let late = false;
  const abort = () => controller.abort();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
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
    outer?.removeEventListener('abort', abort);
    // Nobody waits for it any more, and it must not count as an error that nobody heard.
    aborted.catch(() => {});
  }
}
