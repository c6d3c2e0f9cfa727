import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 60_000;

/** Resolves as soon as `condition` holds; rejects, naming it, when that never happens. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await delay(10);
  }
}
