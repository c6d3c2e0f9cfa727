/** A time in ms since 1970 as ISO, UTC; null where there is none, as answers say it. */
export const isoOrNull = (time: number | undefined): string | null =>
  time === undefined ? null : new Date(time).toISOString();
