import type { Logger } from 'winston';

const QUIET_MS = 1_000;

/**
 * A listener for faults that come in floods: at most one line a second for each, with how many it stands for.
 * While Redis is away every connection reports every attempt. `advised` may say better what an error means.
 */
export function throttledErrors(
  logger: Logger,
  message: string,
  advised: (error: Error) => Error = (error) => error,
): (error: Error) => void {
  const seen = new Map<string, { until: number; held: number }>();
  return (error) => {
    const text = textOf(advised(error));
    const now = Date.now();
    const entry = seen.get(text);
    if (entry && now < entry.until) {
      entry.held += 1;
      return;
    }
    if (seen.size > 100) seen.clear();
    seen.set(text, { until: now + QUIET_MS, held: 0 });
    logger.warn(message, { error: text, ...(entry?.held ? { and_before: entry.held } : {}) });
  };
}

/** ioredis and Node put what matters in `code` or in nested errors, and leave `message` empty. */
function textOf(error: Error): string {
  const { code, errors } = error as Error & { code?: string; errors?: Error[] };
  return error.message || errors?.[0]?.message || code || error.name;
}
