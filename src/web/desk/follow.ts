import { type Loadable, load } from '../kit/loadable.ts';

/**
 * Asks at once, and again and again while the page is seen, until `every` says undefined, `signal` ends it or the answer is
 * that this cannot be had. What was there stays, as stale, while nothing newer comes.
 */
export async function follow<T>(
  work: () => Promise<T>,
  every: (last: T | undefined) => number | undefined,
  signal: AbortSignal,
  tell: (state: Loadable<T>) => void,
): Promise<void> {
  let last: { value: T; at: string } | undefined;
  let isFirst = true;
  let isRefused = false;
  const show = (state: Loadable<T>) => {
    if (signal.aborted) return;
    if (state.state === 'loading') {
      if (isFirst) tell(state);
      return;
    }
    isFirst = false;
    if (state.state === 'ready') last = { value: state.value, at: new Date().toISOString().slice(11, 19) };
    if (state.state === 'failed') {
      const { problem, message } = state.trouble;
      isRefused = problem !== undefined && problem.status < 500 && problem.status !== TOO_MANY;
      if (last) {
        tell({ state: 'stale', value: last.value, why: `${message} As it was at ${last.at} UTC.` });
        return;
      }
    }
    tell(state);
  };
  while (!signal.aborted) {
    await load(work, show);
    const wait = every(last?.value);
    if (isRefused || wait === undefined) return;
    await pause(wait);
    if (document.hidden) await seen();
  }
}

const TOO_MANY = 429;

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Nobody is shown anything in a tab behind another. */
const seen = () =>
  new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }));
