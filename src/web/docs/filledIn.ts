import type { Operation, Parameter } from './apiDocument.ts';

/** What a form holds, by parameter. Empty text means left out. */
export type Values = Readonly<Record<string, string>>;

/** A range that has orders in it on any installation in use, the demo included. */
const DAYS_BY_DEFAULT = 30;
const DAY = 86_400_000;

/**
 * What a form begins with, so that it can be sent as it stands. A user's id is not among it: nobody knows one until
 * the API is asked, and that is done when a reader sends.
 */
export function defaultsOf({ parameters }: Operation, now: Date): Values {
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, defaultOf(parameter, now)]));
}

function defaultOf(parameter: Parameter, now: Date): string {
  const { name, required, schema, example } = parameter;
  if (!required || isUserId(parameter)) return '';
  if (schema.enum) return schema.enum[0] ?? '';
  if (isDay(parameter)) return dayBefore(now, name === 'end_date' ? 0 : DAYS_BY_DEFAULT - 1);
  return example === undefined ? '' : String(example);
}

export const isDay = ({ schema }: Parameter): boolean => schema.format === 'date';

export const isUserId = ({ name }: Parameter): boolean => name === 'user_id';

/** A day in UTC, as the API counts days. */
export const dayBefore = (now: Date, days: number): string =>
  new Date(now.getTime() - days * DAY).toISOString().slice(0, 'YYYY-MM-DD'.length);

/** The user whose id has to be found before this can be sent. */
export function lacksUserId({ parameters }: Operation, values: Values): boolean {
  return parameters.some(
    (each) => each.required && isUserId(each) && (values[each.name] ?? '').trim() === '',
  );
}

/** What the first days of a range and its last are called, where an operation takes both. */
export const hasRange = ({ parameters }: Operation): boolean =>
  ['start_date', 'end_date'].every((name) => parameters.some((each) => each.name === name));
