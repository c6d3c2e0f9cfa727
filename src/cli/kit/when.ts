import { isCalendarDay } from '../../orders/timestamp.ts';
import { DAY_MS } from '../../runtime/units.ts';

/** What an option such as `--since` may hold: a number of days, `90d`, or a day, `YYYY-MM-DD`, UTC. */
export type When = { daysMs: number } | { dayStartsAt: number };

/** Undefined when it is neither. Times are ms, those of a day since 1970. */
export function readWhen(text: string): When | undefined {
  if (/^[1-9]\d{0,4}d$/.test(text)) return { daysMs: Number(text.slice(0, -1)) * DAY_MS };
  return isCalendarDay(text) ? { dayStartsAt: Date.parse(`${text}T00:00:00Z`) } : undefined;
}
