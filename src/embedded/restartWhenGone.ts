import { setTimeout as delay } from 'node:timers/promises';

/** Ends with the server. */
interface Connection {
  once(event: 'end', ended: () => void): unknown;
  off(event: 'end', ended: () => void): unknown;
}

/** What to do about a server that ended, and who hears of it. */
export interface Restarting<C> {
  /** Called at once, while the last words are there. */
  onGone(): void;
  /** Resolves to a connection to the server that runs again, on the same port. Rejects when it cannot be had now. */
  restart(): Promise<C>;
  onFailed(error: Error): void;
  onBack(): void;
}

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;
/** Who dies sooner after a start will die again: the waits go on growing. */
const WELL_AFTER_MS = 10_000;

/**
 * Watches a server through a connection that ends with it. Whoever uses the server does so, therefore it is restarted
 * also when the process is gone that had started it. `stop` resolves to the connection of the time, no more to be
 * watched, once no restart is under way.
 */
export function restartWhenGone<C extends Connection>(
  connection: C,
  hasEnded: (connection: C) => boolean,
  on: Restarting<C>,
): { stop(): Promise<C> } {
  const stopping = new AbortController();
  let current = connection;

  async function watch(): Promise<void> {
    let wait = FIRST_WAIT_MS;
    let since = Date.now();
    while (hasEnded(current) || (await ends(current, stopping.signal))) {
      if (stopping.signal.aborted) return;
      on.onGone();
      if (Date.now() - since > WELL_AFTER_MS) wait = FIRST_WAIT_MS;
      while (!stopping.signal.aborted) {
        await delay(wait, undefined, { signal: stopping.signal }).catch(() => {});
        wait = Math.min(2 * wait, LONGEST_WAIT_MS);
        if (stopping.signal.aborted) return;
        try {
          current = await on.restart();
          since = Date.now();
          on.onBack();
          break;
        } catch (error) {
          on.onFailed(error as Error);
        }
      }
    }
  }
  const watching = watch();
  return {
    async stop() {
      stopping.abort();
      await watching;
      return current;
    },
  };
}

/** False when the watch ends before the connection does. */
async function ends(connection: Connection, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return new Promise((settle) => {
    const ended = () => done(true);
    const aborted = () => done(false);
    const done = (hasEnded: boolean) => {
      connection.off('end', ended);
      signal.removeEventListener('abort', aborted);
      settle(hasEnded);
    };
    connection.once('end', ended);
    signal.addEventListener('abort', aborted, { once: true });
  });
}
