import { ExactNumber } from './exactJson.ts';

/** Extended (`2024-12-16`) or basic (`20241216`): the sign between the parts is always there, or never. */
const DATE = String.raw`(\d{4})(-?)(\d\d)\2(\d\d)`;
const TIME = String.raw`(\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,](\d+))?)?`;
const OFFSET = String.raw`[Zz]|[+-]\d\d(?::?\d\d)?`;
/** A zone's name, `[Europe/Paris]`, or a calendar's, `[u-ca=gregory]`: the offset says it all. */
const BRACKETS = String.raw`(?:\[!?[\w+\-/.:=~]{1,64}\]){0,8}`;
const ISO_8601 = new RegExp(`^${DATE}(?:[Tt ]${TIME}\\s?(${OFFSET})?)?${BRACKETS}$`);

/**
 * An ISO 8601 date or date-time, extended or basic, as its instant in UTC (`2024-12-16T13:00:00.000Z`); no offset
 * means UTC, a date alone its midnight. Undefined for anything else: a day that does not exist, a 25th hour, or an
 * instant whose UTC year is not 0001 to 9999 (its day would have no bucket a range could name).
 */
export function parseTimestamp(text: string): string | undefined {
  const match = ISO_8601.exec(text.trim());
  if (!match) return undefined;
  const [, year = '', , month = '', day = ''] = match;
  const [hour = '00', , minute = '00', second = '00', fraction = '', zone] = match.slice(5);
  if (!isCalendarDay(`${year}-${month}-${day}`)) return undefined;
  if (hour > '23' || minute > '59' || second > '59') return undefined;
  const offset = offsetMinutes(zone);
  if (offset === undefined) return undefined;
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0');
  const inUtc = `${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}Z`;
  if (offset === 0) return inUtc;
  const instant = new Date(Date.parse(inUtc) - offset * 60_000);
  const utcYear = instant.getUTCFullYear();
  return utcYear >= 1 && utcYear <= 9999 ? instant.toISOString() : undefined;
}

/** ISO 8601 has more than is taken here: what somebody who sent that has to write instead. */
const NOT_TAKEN: readonly [RegExp, string][] = [
  [/^\d{4}-?[Ww]\d\d/, 'is a week date: write year, month and day'],
  [/^\d{4}-?\d{3}(?:[Tt]|$)/, 'is an ordinal date: write year, month and day'],
  [/[Tt ]24:?00/, 'has the hour 24: write 00:00 of the next day'],
  [/[Tt ]\d\d:?\d\d:?60/, 'has a leap second, which is no instant of its own: write second 59'],
];

/** Why text is no timestamp, to complete a sentence that starts with the field's name. */
export function timestampFault(text: string): string {
  const known = NOT_TAKEN.find(([form]) => form.test(text.trim()));
  return known?.[1] ?? 'is not an ISO 8601 date and time';
}

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** `YYYY-MM-DD` that exists, year 0001 to 9999. `Date` would turn 30 February into 1 March. */
export function isCalendarDay(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)?.map(Number) ?? [];
  if (!year || !month || !day) return false;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= (DAYS_IN_MONTH[month - 1] ?? 0) + (leap ? 1 : 0);
}

/** The UTC day bucket of an instant in ISO form. */
export const dayOf = (instant: string): string => instant.slice(0, 10);

/** The month bucket of a day. */
export const monthOf = (day: string): string => day.slice(0, 7);

function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || '0');
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/**
 * Ten digits are seconds, thirteen are milliseconds, with or without decimals: 2001 to 2286. Nothing else: 0 is how a
 * missing time looks, eight digits are a date, fourteen are one with its time, and read as an epoch each of them
 * would be some day nobody meant.
 */
const EPOCH = /^(\d{10}|\d{13})(?:\.(\d+))?$/;

/** The instant of an epoch time, a number or its text, as ISO in UTC; undefined when it is none. */
export function parseEpochTime(value: unknown): string | undefined {
  const text = value instanceof ExactNumber ? value.text : String(value).trim();
  const [, whole, fraction = ''] = EPOCH.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const milliseconds = whole.length === 13 ? whole : whole + fraction.slice(0, 3).padEnd(3, '0');
  return new Date(Number(milliseconds)).toISOString();
}
