import { setTimeout as delay } from 'node:timers/promises';
import { mayPass } from '../store/redisFaults.ts';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

/**
 * Does what `attempt` does, but waits while Redis takes nothing at all, out of memory or failing over for example. Thrown to BullMQ,
 * that would cost the order an attempt, and the whole backlog one after the other would fail for good within seconds.
 * When `stopping` aborts, what still waits rejects with what Redis said last.
 */
export function retryUntilTaken<A extends unknown[], R>(
  attempt: (...args: A) => Promise<R>,
  { stopping, onError }: { stopping: AbortSignal; onError: (error: Error) => void },
): (...args: A) => Promise<R> {
  return async (...args) => {
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        return await attempt(...args);
      } catch (error) {
        if (stopping.aborted || !mayPass(error)) throw error;
        onError(error as Error);
        await delay(wait * (0.5 + Math.random() / 2), undefined, { signal: stopping }).catch(() => {});
      }
    }
  };
}
