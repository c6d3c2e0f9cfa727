import { writeAddress } from '../kit/address.ts';
import type { Child } from '../kit/element.ts';
import type { DeskApi, Where } from './deskApi.ts';

/** What a view of the desk gets. */
export interface Desk {
  api: DeskApi;
  /** Where the API begins. */
  root: string;
  /** Filled in behind the view's name. */
  values: Readonly<Record<string, string>>;
  /** Ends when somebody goes to another view. */
  signal: AbortSignal;
}

/** Draws itself into what it returns, now and later. */
export type View = (desk: Desk) => Child;

export const VIEWS = ['causes', 'search', 'repair', 'run', 'order'] as const;

export const linkTo = (
  name: (typeof VIEWS)[number],
  values: Record<string, string | undefined> = {},
): string =>
  writeAddress({
    name,
    values: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value ?? ''])),
  });

/** Which orders an address means; undefined when it says nothing. */
export function whereOf({ cause, reason, text, job }: Readonly<Record<string, string>>): Where | undefined {
  const where = {
    ...(cause ? { cause } : {}),
    ...(reason ? { reason } : {}),
    ...(text ? { text } : {}),
    ...(job ? { jobs: [job] } : {}),
  };
  return Object.keys(where).length === 0 ? undefined : where;
}
