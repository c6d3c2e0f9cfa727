import { writeAddress } from '../kit/address.ts';
import type { Child } from '../kit/element.ts';
import type { DeskApi, Where } from './deskApi.ts';

/** What a view of the desk gets. */
export interface Desk {
  api: DeskApi;
  /** Whether whoever looks may change something too; the server decides. */
  mayAct: boolean;
  /** Filled in behind the view's name. */
  values: Readonly<Record<string, string>>;
  /** Ends when somebody goes to another view. */
  signal: AbortSignal;
}

/** Draws itself into what it returns, now and later. */
export type View = (desk: Desk) => Child;

export type ViewName = 'causes' | 'search' | 'repair' | 'run' | 'order';

/** Values that are empty are left out. */
export const linkTo = (name: ViewName, values: Readonly<Record<string, string>> = {}): string =>
  writeAddress({ name, values });

/** Which orders an address means; without a condition all that have failed. */
export const whereOf = ({ cause, reason, text, id, job }: Desk['values']): Where => ({
  ...(cause ? { cause } : {}),
  ...(reason ? { reason } : {}),
  ...(text ? { text } : {}),
  ...(id ? { id } : {}),
  ...(job ? { jobs: [job] } : {}),
});
