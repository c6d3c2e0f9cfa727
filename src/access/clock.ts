/**
 * Two times. One for dates that people set, which follows the clock of the machine, and one for how long ago something
 * was: a clock that is set back must not make what is old new again.
 */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment, and never fewer than before. */
  elapsed(): number;
}

export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };
