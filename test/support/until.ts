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

/** The same for a figure that has a long way to go: rejects once it has not moved for as long. */
export async function untilReaches(figure: () => Promise<number>, goal: number, what: string): Promise<void> {
  let at = await figure();
  while (at < goal) {
    const before = at;
    await until(async () => {
      at = await figure();
      return at !== before;
    }, `${what}, stays at ${before} of ${goal}`);
  }
}
