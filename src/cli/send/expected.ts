import { REASONS, type Reason } from '../../orders/invalidOrder.ts';
import type { GeneratedMessage } from './generate.ts';

/** Orders and what they add up to, in whole cents. */
export interface Total {
  orders: number;
  cents: number;
}

/** What the pipeline's totals must have grown by once every message is through. */
export interface Expected {
  messages: number;
  /** All but the exact re-sends. */
  distinctOrders: number;
  counted: Total;
  duplicates: number;
  refused: Record<Reason, number>;
  /** By normalised user id. */
  users: Map<string, Total>;
  /** By UTC day, `YYYY-MM-DD`; orders that carry a timestamp only. */
  days: Map<string, Total>;
  /** Orders without one: they count on the day SQS receives them. */
  undated: Total;
}

/** Nothing sent, nothing expected. */
export function expectNothing(): Expected {
  return {
    messages: 0,
    distinctOrders: 0,
    counted: { orders: 0, cents: 0 },
    duplicates: 0,
    refused: Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>,
    users: new Map(),
    days: new Map(),
    undated: { orders: 0, cents: 0 },
  };
}

/** Adds one message to what is expected, in place. */
export function expectMessage(expected: Expected, message: GeneratedMessage): void {
  expected.messages += 1;
  if (message.expect === 'duplicate') {
    expected.duplicates += 1;
    return;
  }
  expected.distinctOrders += 1;
  if (message.reason) expected.refused[message.reason] += 1;
  if (!message.adds) return;
  const { userId, cents, day } = message.adds;
  grow(expected.counted, cents);
  grow(totalIn(expected.users, userId), cents);
  grow(day === undefined ? expected.undated : totalIn(expected.days, day), cents);
}

/** How many messages must be refused, whatever the reason. */
export function refusedCount(expected: Expected): number {
  return REASONS.reduce((sum, reason) => sum + expected.refused[reason], 0);
}

/** The `limit` users with the highest spend, the highest first. */
export function topSpenders(expected: Expected, limit: number): (Total & { userId: string })[] {
  return [...expected.users]
    .map(([userId, total]) => ({ userId, ...total }))
    .sort((one, other) => other.cents - one.cents)
    .slice(0, limit);
}

function totalIn(totals: Map<string, Total>, key: string): Total {
  const total = totals.get(key) ?? { orders: 0, cents: 0 };
  totals.set(key, total);
  return total;
}

function grow(total: Total, cents: number): void {
  total.orders += 1;
  total.cents += cents;
}
