import { setTimeout as delay } from 'node:timers/promises';

const PATIENCE_MS = 120_000;
const AGAIN_MS = 250;

/** Tries until something comes of it, whatever is answered meanwhile; rejects when nothing ever does. */
export async function insist<T>(attempt: () => Promise<T | undefined>, what: string): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  let last: unknown = 'nothing';
  while (Date.now() < deadline) {
    try {
      const done = await attempt();
      if (done !== undefined) return done;
    } catch (error) {
      last = error;
    }
    await delay(AGAIN_MS);
  }
  throw new Error(`the operator gave up: never came true that ${what} (last heard: ${last})`);
}
