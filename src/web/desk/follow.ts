import { type Loadable, load } from '../kit/loadable.ts';

/**
 * Asks at once, and again and again while the page is seen, until `every` says undefined or `signal` ends it. What was there stays,
 * as stale, while nothing newer comes.
 */
export async function follow<T>(
  work: () => Promise<T>,
  every: (last: T | undefined) => number | undefined,
  signal: AbortSignal,
  tell: (state: Loadable<T>) => void,
): Promise<void> {
  let last: { value: T; at: string } | undefined;
  const show = (state: Loadable<T>) => {
    if (signal.aborted) return;
    if (state.state === 'ready') last = { value: state.value, at: new Date().toISOString().slice(11, 19) };
    if (last === undefined || state.state === 'ready') tell(state);
    else if (state.state === 'failed')
      tell({
        state: 'stale',
        value: last.value,
        why: `${state.trouble.message} As it was at ${last.at} UTC.`,
      });
  };
  while (!signal.aborted) {
    await load(work, show);
    const wait = every(last?.value);
    if (wait === undefined) return;
    await pause(wait);
    if (document.hidden) await seen();
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Nobody is shown anything in a tab behind another. */
const seen = () =>
  new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
