import { DAY_MS } from '../../runtime/units.ts';
import type { DayRange } from '../figures.ts';
import { NUMBERS } from './dayRange.ts';

/** What the total of a range is added up from. */
export interface YearSplit {
  /** Undefined when there is none. */
  years: readonly [first: string, last: string] | undefined;
  /** Two of months and two of days at most; together no more than 12 months and 30 days. */
  runs: Run[];
}

/** Consecutive months of a year or days of a month, by their numbers in it; `sign` says whether they are taken off. */
export interface Run {
  sign: 1 | -1;
  /** `YYYY` or `YYYY-MM`. */
  of: string;
  first: number;
  last: number;
}

/**
 * Cuts a range into years and what is left at the edges. Either end is moved to the nearest turn of a month, and from
 * there to the nearest turn of a year: of a year that lacks a day, taking that one off is cheaper than adding up the
 * others.
 */
export function splitByYear({ startDay, endDay }: DayRange): YearSplit {
  const { day, year } = NUMBERS;
  const days = moveToTurns(day.of(startDay), day.of(endDay) + 1, MONTHS);
  const months = moveToTurns(...days.turns, YEARS);
  const [start, end] = months.turns;
  return {
    years: start < end ? [year.name(start), year.name(end - 1)] : undefined,
    runs: [...months.runs, ...days.runs],
  };
}

/** Long periods by number: which one a short one is in, and where each begins. */
interface Turns {
  name: (long: number) => string;
  containing: (short: number) => number;
  startOf: (long: number) => number;
}

// The end of a range is where the next period begins, and that may be the year 10000, which has no name here.
const MONTHS: Turns = {
  name: NUMBERS.month.name,
  containing(day) {
    const date = new Date(day * DAY_MS);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  },
  startOf: (month) => new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1) / DAY_MS,
};

const YEARS: Turns = {
  name: NUMBERS.year.name,
  containing: (month) => Math.floor(month / 12),
  startOf: (year) => year * 12,
};

/** From `start` up to `end`, which is not in it: as a run of long periods in the same manner, and short ones. */
function moveToTurns(
  start: number,
  end: number,
  turns: Turns,
): { turns: readonly [start: number, end: number]; runs: Run[] } {
  if (start === end) return { turns: [0, 0], runs: [] };
  const { containing, startOf } = turns;
  const [first, last] = [nearest(start, turns), nearest(end, turns)];
  // Both ends moved to the same turn, on the same side of it: what one run adds the other would take off.
  const isInside = first === last && containing(start) === containing(end - 1);
  return {
    turns: [first, last],
    runs: isInside
      ? runsOf(1, start, end, turns)
      : [
          ...runsOf(1, start, startOf(first), turns),
          ...runsOf(-1, startOf(first), start, turns),
          ...runsOf(1, startOf(last), end, turns),
          ...runsOf(-1, end, startOf(last), turns),
        ],
  };
}

function nearest(short: number, { containing, startOf }: Turns): number {
  const long = containing(short);
  return short - startOf(long) <= startOf(long + 1) - short ? long : long + 1;
}

/** A run within one long period; none when it does not go forward. */
function runsOf(sign: Run['sign'], start: number, end: number, { name, containing, startOf }: Turns): Run[] {
  if (start >= end) return [];
  const long = containing(start);
  return [{ sign, of: name(long), first: start - startOf(long) + 1, last: end - startOf(long) }];
}
