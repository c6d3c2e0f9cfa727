import { Trouble } from './ask.ts';

/** Something that is asked for, in every state a view of it must be able to show. */
export type Loadable<T> =
  | { state: 'idle' }
  | { state: 'loading' }
  | { state: 'ready'; value: T }
  /** Shown on, though it no longer is what would come now. */
  | { state: 'stale'; value: T; why: string }
  | { state: 'failed'; trouble: Trouble };

/** Runs `work` and tells each state it passes through. */
export async function load<T>(work: () => Promise<T>, tell: (state: Loadable<T>) => void): Promise<void> {
  tell({ state: 'loading' });
  try {
    tell({ state: 'ready', value: await work() });
  } catch (error) {
    tell({ state: 'failed', trouble: asTrouble(error) });
  }
}

/** What is not Trouble is a fault of the page: shown as one, and passed on to the console where developers look. */
export function asTrouble(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  console.error(error);
  return new Trouble('This page has a fault', error instanceof Error ? error.message : String(error));
}
