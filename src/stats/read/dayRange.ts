import { isCalendarDay, monthOf } from '../../orders/timestamp.ts';
import { DAY_MS } from '../../runtime/units.ts';
import type { DayRange, Granularity } from '../figures.ts';
import { RangeTooLarge } from './errors.ts';

/** Points of one series. */
const MAX_POINTS = 5_000;

/** What a range is read from: some days one by one, and every month the test holds for. */
export interface SplitRange {
  days: string[];
  /** Undefined when there is none. */
  isWholeMonth: ((month: string) => boolean) | undefined;
}

/**
 * Cuts a range into whole months and at most 60 edge days. The months are only a test, not a list: the reader
 * goes through the months that exist, so ten thousand years cost what the data in them costs.
 */
export function splitRange({ startDay, endDay }: DayRange): SplitRange {
  const firstMonth = monthOf(startDay);
  const lastMonth = monthOf(endDay);
  const startsWhole = startDay.endsWith('-01');
  const endsWhole = endDay === lastDayOf(lastMonth);
  if (firstMonth === lastMonth) {
    return startsWhole && endsWhole
      ? { days: [], isWholeMonth: (month) => month === firstMonth }
      : { days: daysBetween(startDay, endDay), isWholeMonth: undefined };
  }
  return {
    days: [
      ...(startsWhole ? [] : daysBetween(startDay, lastDayOf(firstMonth))),
      ...(endsWhole ? [] : daysBetween(`${lastMonth}-01`, endDay)),
    ],
    isWholeMonth: (month) =>
      (startsWhole ? month >= firstMonth : month > firstMonth) &&
      (endsWhole ? month <= lastMonth : month < lastMonth),
  };
}

/**
 * A series of days or weeks is read from days alone, as a week knows no month; longer steps from whole months and what
 * is left at the edges.
 */
export function splitFor(granularity: Granularity, range: DayRange): SplitRange {
  return granularity === 'day' || granularity === 'week'
    ? { days: periodsOf('day', range), isWholeMonth: undefined }
    : splitRange(range);
}

/** What the whole periods that a range touches are made of: the days of weeks, the months of longer ones. */
export function wholePeriods(granularity: 'week' | 'quarter' | 'year', range: DayRange): SplitRange {
  const { of } = NUMBERS[granularity];
  const [first, last] = [of(range.startDay), of(range.endDay)];
  if (granularity === 'week') {
    const { name } = NUMBERS.day;
    const [monday, sunday] = [first * 7 - 3, Math.min(last * 7 + 3, NUMBERS.day.of('9999-12-31'))];
    const days = Array.from({ length: sunday - monday + 1 }, (_, index) => name(monday + index));
    return { days, isWholeMonth: undefined };
  }
  return { days: [], isWholeMonth: (month) => of(month) >= first && of(month) <= last };
}

/** The period that a day lies in, or for months and longer ones a month, by its name. */
export const periodOf = (granularity: Granularity, part: string): string =>
  NUMBERS[granularity].name(NUMBERS[granularity].of(part));

/** Every period that a range touches. Throws RangeTooLarge before it makes too many. */
export function periodsOf(granularity: Granularity, range: DayRange): string[] {
  // Weeks cost what their days do.
  if (granularity === 'week') periodsOf('day', range);
  const first = NUMBERS[granularity].of(range.startDay);
  const count = NUMBERS[granularity].of(range.endDay) - first + 1;
  refuseTooMany(`${granularity}s`, count);
  return Array.from({ length: count }, (_, index) => NUMBERS[granularity].name(first + index));
}

/** Throws RangeTooLarge where the days of a range have more hours than one series has points. */
export function refuseTooManyHours({ startDay, endDay }: DayRange): void {
  refuseTooMany('hours', (NUMBERS.day.of(endDay) - NUMBERS.day.of(startDay) + 1) * 24);
}

function refuseTooMany(what: string, count: number): void {
  if (count > MAX_POINTS) throw new RangeTooLarge(what, count, MAX_POINTS);
}

/** Periods as consecutive numbers, and back. */
export const NUMBERS: Record<Granularity, { of: (day: string) => number; name: (number: number) => string }> =
  {
    day: {
      of: (day) => Date.parse(`${day}T00:00:00Z`) / DAY_MS,
      name: (number) => new Date(number * DAY_MS).toISOString().slice(0, 10),
    },
    // Number 0 is the week around the first day of 1970, a Thursday; a week belongs to the year of its Thursday.
    week: {
      of: (day) => Math.floor((NUMBERS.day.of(day) + 3) / 7),
      name(number) {
        const year = NUMBERS.day.name(number * 7).slice(0, 4);
        const week = Math.floor((number * 7 - NUMBERS.day.of(`${year}-01-01`)) / 7) + 1;
        return `${year}-W${String(week).padStart(2, '0')}`;
      },
    },
    month: {
      of: (day) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1,
      name: (number) =>
        `${String(Math.floor(number / 12)).padStart(4, '0')}-${String((number % 12) + 1).padStart(2, '0')}`,
    },
    quarter: {
      of: (day) => Math.floor(NUMBERS.month.of(day) / 3),
      name: (number) => `${String(Math.floor(number / 4)).padStart(4, '0')}-Q${(number % 4) + 1}`,
    },
    year: {
      of: (day) => Number(day.slice(0, 4)),
      name: (number) => String(number).padStart(4, '0'),
    },
  };

/** The days of one month from one to another; both in it. */
function daysBetween(startDay: string, endDay: string): string[] {
  const days: string[] = [];
  for (let day = Number(startDay.slice(8)); day <= Number(endDay.slice(8)); day += 1) {
    days.push(`${monthOf(startDay)}-${String(day).padStart(2, '0')}`);
  }
  return days;
}

function lastDayOf(month: string): string {
  const days = ['31', '30', '29', '28'];
  return days.map((day) => `${month}-${day}`).find(isCalendarDay) as string;
}
