import type { Check } from '../check.ts';
import type { Fix } from '../finding.ts';
import { instantOf, NOTHING, signed } from './rule.ts';

/*
 * When an order says that it was placed. What has no time of its own is dated by its arrival, and says nothing here. Nothing
 * is said by a clock that is wrong: it would be said of every order, and the clock is told of by itself.
 */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A time without its offset counts as UTC: fourteen hours ahead in Kiribati, and clocks go wrong by some more. */
const AHEAD_MS = 15 * HOUR_MS;
/** Before anybody took orders by way of a queue; what is older is a date that nobody meant. */
const OLDEST = Date.parse('1995-01-01T00:00:00Z');
/** From here on an instant taken for seconds is believed. */
const OLDEST_SECONDS = Date.parse('2000-01-01T00:00:00Z');

const PATH = 'order_timestamp';

export const timeInFuture: Check = {
  id: 'time_in_future',
  version: 1,
  family: 'times',
  judge({ timestamp }, { now, clockIsWrong }) {
    if (timestamp === undefined || clockIsWrong) return NOTHING;
    const at = instantOf(timestamp);
    if (at <= now + AHEAD_MS) return NOTHING;
    const fix = likelier(timestamp, now);
    return [
      signed(timeInFuture, {
        path: PATH,
        key: 'future',
        severity: 'warn',
        observed: timestamp,
        // To the day: a model that is shown it once is not asked again for the time of day.
        expected: `at most now, on ${new Date(now).toISOString().slice(0, 10)}`,
        confidence: 0.95,
        ...(fix ? { fix } : {}),
      }),
    ];
  },
};

/** Dates that systems put where they know none. */
const FILLED_IN: Readonly<Record<string, string>> = {
  '0001-01-01': 'the first day of the calendar, which .NET puts where there is no time',
  '1899-12-30': 'day 0 of spreadsheets',
  '1899-12-31': 'day 1 of spreadsheets',
  '1900-01-01': 'day 1 of spreadsheets',
  '1970-01-01': 'second 0 of Unix time, put where there is no time',
  '1980-01-01': 'day 0 of FAT file systems',
};

export const timeTooOld: Check = {
  id: 'time_too_old',
  version: 1,
  family: 'times',
  judge({ timestamp }, { now, clockIsWrong }) {
    if (timestamp === undefined || clockIsWrong) return NOTHING;
    const at = instantOf(timestamp);
    if (at >= OLDEST || isSeconds(at, now)) return NOTHING;
    const day = timestamp.slice(0, 10);
    const meaning = FILLED_IN[day];
    return [
      signed(timeTooOld, {
        path: PATH,
        key: meaning === undefined ? 'old' : day,
        severity: 'warn',
        observed: meaning === undefined ? timestamp : `${timestamp}, ${meaning}`,
        expected: 'since 1995',
        confidence: 0.95,
      }),
    ];
  },
};

/** Seconds since 1970 that somebody read as milliseconds: every order falls on a few days of January 1970. */
export const epochSeconds: Check = {
  id: 'epoch_seconds_as_milliseconds',
  version: 1,
  family: 'times',
  judge({ timestamp }, { now, clockIsWrong }) {
    if (timestamp === undefined || clockIsWrong) return NOTHING;
    const at = instantOf(timestamp);
    if (!isSeconds(at, now)) return NOTHING;
    const meant = new Date(at * 1_000).toISOString();
    return [
      signed(epochSeconds, {
        path: PATH,
        key: 'seconds',
        severity: 'warn',
        observed: timestamp,
        expected: `${meant}, the same count taken as seconds`,
        confidence: 0.99,
        fix: [{ path: PATH, value: meant }],
      }),
    ];
  },
};

const isSeconds = (at: number, now: number): boolean =>
  at * 1_000 >= OLDEST_SECONDS && at * 1_000 <= now + AHEAD_MS;

/**
 * The time that was meant, where one slip explains it: another year, or day and month in each other's place. Believed
 * only when it lies within the last day, and when no other slip leads there too.
 */
function likelier(timestamp: string, now: number): readonly Fix[] | undefined {
  const [month, day, rest] = [timestamp.slice(5, 7), timestamp.slice(8, 10), timestamp.slice(10)];
  const year = new Date(now).getUTCFullYear();
  const candidates = new Set([
    `${year}-${month}-${day}${rest}`,
    `${year - 1}-${month}-${day}${rest}`,
    ...(Number(day) <= 12 ? [`${timestamp.slice(0, 4)}-${day}-${month}${rest}`] : []),
  ]);
  candidates.delete(timestamp);
  const near = [...candidates].filter((each) => {
    const at = Date.parse(each);
    // Date.parse takes a 30 February for 2 March.
    return new Date(at).toISOString() === each && at <= now && at > now - DAY_MS;
  });
  return near.length === 1 ? [{ path: PATH, value: near[0] as string }] : undefined;
}
