/* The words of the stats, without behaviour: who writes them, reads them or answers with them shares no more. */

/** Orders and money of any scope. Money is whole minor units, here and below. */
export interface Totals {
  orders: number;
  minorUnits: number;
}

export interface Spender {
  userId: string;
  minorUnits: number;
}

export interface Buyer {
  userId: string;
  orders: number;
}

/** Both days inclusive, `YYYY-MM-DD`, UTC; the start is not after the end. */
export interface DayRange {
  startDay: string;
  endDay: string;
}

export interface UserTotals extends Totals {
  userId: string;
}

/** A place in a list of users, largest spend first: after it means after that user with that spend. */
export interface Position {
  minorUnits: number;
  userId: string;
}

/** `next` is missing on the last page. */
export interface UserPage {
  users: UserTotals[];
  next?: Position;
}

export const GRANULARITIES = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type Granularity = (typeof GRANULARITIES)[number];
/** What a series can be asked for by: hours are those of counting, which the pulse keeps and the stats do not. */
export const SERIES_GRANULARITIES = ['hour', ...GRANULARITIES] as const;

/** `period` is `YYYY-MM-DD`, `YYYY-Www` of ISO 8601, `YYYY-MM`, `YYYY-Qn` or `YYYY`. */
export interface Point extends Totals {
  period: string;
}

export interface UsersPoint {
  /** As of Point. */
  period: string;
  users: number;
  /** Users whose first counted order, by arrival, lies in the period; undefined where it is not known. */
  newUsers: number | undefined;
}

export interface UsersSeries {
  /** The first day of which new users are known, `0001-01-01` for all; undefined while none are. */
  knownFrom: string | undefined;
  points: UsersPoint[];
}

/** One plus the number of users with strictly more: equal ones share a place. */
export interface Rank {
  spenders: number;
  buyers: number;
  /** Of how many. */
  users: number;
}
