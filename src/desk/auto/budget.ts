import { HOUR_MS } from '../../runtime/units.ts';

/** What was sent in one step of time: when that began, ms; orders; minor units. */
export type Spent = readonly [from: number, orders: number, minorUnits: number];

/** What a standing recipe may send: orders an hour and a day, and minor units a day. */
export interface Budget {
  perHour: number;
  perDay: number;
  moneyPerDay?: number;
}

export interface Sent {
  orders: number;
  minorUnits: number;
}

/** The hour and the day end now: a burst at the turn of a clock's hour is within one of them. */
const STEP_MS = HOUR_MS / 12;

/** The same with more sent now; what is older than a day is forgotten. */
export function spend(spent: readonly Spent[], { orders, minorUnits }: Sent, now: number): Spent[] {
  const from = now - (now % STEP_MS);
  const [, before = 0, money = 0] = spent.find(([at]) => at === from) ?? [];
  const others = spent.filter(([at]) => at !== from && at > now - 24 * HOUR_MS - STEP_MS);
  return [...others, [from, before + orders, money + minorUnits]];
}

/** What was sent in the hours up to now, and up to one step before them. */
export function sentWithin(spent: readonly Spent[], hours: number, now: number): Sent {
  const some = spent.filter(([at]) => at > now - hours * HOUR_MS - STEP_MS);
  return {
    orders: some.reduce((sum, [, orders]) => sum + orders, 0),
    minorUnits: some.reduce((sum, [, , money]) => sum + money, 0),
  };
}

/** What may be sent now. */
export function leftOf(spent: readonly Spent[], { perHour, perDay, moneyPerDay }: Budget, now: number): Sent {
  const [hour, day] = [sentWithin(spent, 1, now), sentWithin(spent, 24, now)];
  return {
    orders: Math.max(0, Math.min(perHour - hour.orders, perDay - day.orders)),
    minorUnits: moneyPerDay === undefined ? Number.POSITIVE_INFINITY : moneyPerDay - day.minorUnits,
  };
}
