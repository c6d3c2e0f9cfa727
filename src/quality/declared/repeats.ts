import { hash } from 'node:crypto';
import type { Order } from '../../orders/order.ts';
import type { Check } from '../check.ts';
import { habits } from './habits.ts';
import { NOTHING, signed } from './rule.ts';

/** Sent twice by one hand, not bought twice. */
const WITHIN_MS = 10 * 60_000;
/** Ids of other content that are further apart are two shops' or two years' numbers. */
const A_DAY_MS = 24 * 60 * 60_000;
/** Orders remembered by one process, about 300 bytes each; at 50 orders a second, ten minutes. */
const ORDERS_REMEMBERED = 30_000;
/** Sightings that wait for `drain`; with nobody who takes them, the oldest leave. */
const MOST_WAITING = 10_000;

const [REPEAT, SHARED, OWN] = ['repeat', 'shared', 'own'];

/** What is remembered of an order: no user, no address, only their hashes. */
export interface Sighting {
  /** Hash of what was ordered, how it is paid and where it goes. */
  content: string;
  /** Hash of who ordered it. */
  user: string;
  orderId: string;
  /** When it was placed, ms since 1970. */
  at: number;
}

export interface Repeats {
  checks: readonly Check[];
  /** What was seen since the last call, for the other processes of a fleet. */
  drain: () => Sighting[];
  /** What others have seen: from now on orders are compared with it too. */
  absorb: (sightings: readonly Sighting[]) => void;
}

/**
 * Orders that came before under another name: the same content of one user under a new order id within ten minutes, and
 * one order id under two users. An order is remembered when it is judged, not when it counted: what is sent twice mostly
 * arrives together, and both are in hand before either counts.
 */
export function repeats(): Repeats {
  const byContent = new Map<string, Sighting>();
  const byOrderId = new Map<string, Sighting>();
  const numbering = habits();
  let waiting: Sighting[] = [];

  const remember = (sighting: Sighting) => {
    set(byContent, contentKey(sighting), sighting);
    set(byOrderId, sighting.orderId, sighting);
  };
  const sighted = lastOf(sightingOf);

  const sameContent: Check = {
    id: 'same_content_new_id',
    version: 1,
    family: 'repeats',
    judge(order, { trial }) {
      const sighting = sighted(order);
      const before = byContent.get(contentKey(sighting));
      if (!before || before.orderId === sighting.orderId) return NOTHING;
      const apart = Math.abs(sighting.at - before.at);
      if (apart > WITHIN_MS || trial) return NOTHING;
      return [
        signed(sameContent, {
          path: 'order_id',
          key: REPEAT,
          severity: 'warn',
          observed: order.orderId,
          expected: `one order id for it: the same user ordered the same as ${before.orderId} ${spell(apart)}`,
          confidence: apart === 0 ? 0.98 : 0.85,
        }),
      ];
    },
  };
  const sharedId: Check = {
    id: 'order_id_of_two_users',
    version: 1,
    family: 'repeats',
    judge(order, { trial }) {
      const sighting = sighted(order);
      const before = byOrderId.get(sighting.orderId);
      const isShared = before !== undefined && before.user !== sighting.user;
      if (trial) return NOTHING;
      // Of the two rules the last to look, so that both look before either remembers.
      remember(sighting);
      waiting.push(sighting);
      if (waiting.length > 2 * MOST_WAITING) waiting = waiting.slice(-MOST_WAITING);
      // Some shops number the orders of each user by themselves: theirs share ids all the time.
      numbering.saw(isShared ? SHARED : OWN, order.userId);
      if (!isShared || numbering.isHabit(SHARED)) return NOTHING;
      const isSame = before.content === sighting.content;
      const apart = Math.abs(sighting.at - before.at);
      if (!isSame && apart > A_DAY_MS) return NOTHING;
      return [
        signed(sharedId, {
          path: 'user_id',
          key: SHARED,
          severity: isSame ? 'warn' : 'info',
          observed: `order ${order.orderId} of a second user${isSame ? ', with the same content' : ''}`,
          expected: `one user for an order id: the other one's was placed ${spell(apart)}`,
          confidence: isSame ? 0.95 : 0.5,
        }),
      ];
    },
  };
  return {
    checks: [sameContent, sharedId],
    drain() {
      const drained = waiting;
      waiting = [];
      return drained;
    },
    absorb: (sightings) => sightings.forEach(remember),
  };
}

const contentKey = ({ content, user }: Sighting): string => content + user;

/** The newest of a key is the one to be compared with; the oldest of all leaves. */
function set(memory: Map<string, Sighting>, key: string, sighting: Sighting): void {
  memory.delete(key);
  memory.set(key, sighting);
  if (memory.size > ORDERS_REMEMBERED) memory.delete(memory.keys().next().value as string);
}

function sightingOf(order: Order): Sighting {
  const { orderId, userId, minorUnits, currency, items, paymentMethod, shippingAddress } = order;
  const lines = items.map(({ productId, quantity, pricePerUnit }) => [productId, quantity, pricePerUnit]);
  return {
    content: digest(JSON.stringify([minorUnits, currency, lines, paymentMethod, shippingAddress])),
    user: digest(userId),
    orderId,
    at: Date.parse(order.placedAt),
  };
}

const HASH_LENGTH = 12;
const digest = (text: string): string => hash('sha256', text, 'base64').slice(0, HASH_LENGTH);

/** Both rules look at one order, one after the other. */
function lastOf<T extends object, R>(make: (of: T) => R): (of: T) => R {
  let last: { of: T; made: R } | undefined;
  return (of) => {
    if (last?.of !== of) last = { of, made: make(of) };
    return last.made;
  };
}

function spell(ms: number): string {
  if (ms === 0) return 'at the same moment';
  return ms < 120_000
    ? `${Math.max(1, Math.round(ms / 1_000))} s apart`
    : `${Math.round(ms / 60_000)} min apart`;
}
