import type { Order } from '../../orders/order.ts';
import type { Check } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { Late } from '../flagged.ts';
import { habits } from './habits.ts';
import { instantOf, NOTHING, signed } from './rule.ts';
import { TextHash } from './textHash.ts';

/** Sent twice by one hand, not bought twice. */
const WITHIN_MS = 10 * 60_000;
/** Ids of other content that are further apart are two shops' or two years' numbers. */
const A_DAY_MS = 24 * 60 * 60_000;
/** Orders remembered by one process at least, twice as many at most, some 200 bytes each; at 50 a second, ten minutes. */
const ORDERS_REMEMBERED = 30_000;
/** Sightings that wait for `drain`; with nobody who takes them, the oldest leave. */
const MOST_WAITING = 5_000;

const [REPEAT, SHARED, OWN] = ['repeat', 'shared', 'own'];

/** What is remembered of an order: no user, no address, only their hashes. */
export interface Sighting {
  /** Hash of what was ordered, how it is paid and where it goes. */
  content: number;
  /** Hash of who ordered it, and of both. */
  user: number;
  own: number;
  orderId: string;
  /** When it was placed, ms since 1970. */
  at: number;
  /** Of this process, and the others have not heard of it: what they saw meanwhile is held against it. */
  unheard: boolean;
}

export interface Repeats {
  checks: readonly Check[];
  /** What was seen since the last call, for the other processes of a fleet. */
  drain: () => Sighting[];
  /** What others have seen: orders are compared with it from now on, and those at once that they have not heard of. */
  absorb: (sightings: readonly Sighting[]) => Late[];
}

/**
 * Orders that came before under another name: the same content of one user under a new order id within ten minutes, and
 * one order id under two users. An order is remembered when it is judged, not when it counted: what is sent twice mostly
 * arrives together, and both are in hand before either counts.
 */
export function repeats(): Repeats {
  const byContent = recent<number>();
  const byOrderId = recent<string>();
  const numbering = habits();
  let waiting: Sighting[] = [];

  const remember = (sighting: Sighting) => {
    byContent.set(sighting.own, sighting);
    byOrderId.set(sighting.orderId, sighting);
  };
  const sighted = lastOf(sightingOf);

  const sameContent: Check = {
    id: 'same_content_new_id',
    version: 1,
    family: 'repeats',
    judge(order, { trial }) {
      const sighting = sighted(order);
      const found = trial ? undefined : sameContentIn(sighting, byContent.get(sighting.own));
      return found ? [found] : NOTHING;
    },
  };
  const sameContentIn = (sighting: Sighting, before: Sighting | undefined): Finding | undefined => {
    if (!before || before.orderId === sighting.orderId) return undefined;
    const apart = Math.abs(sighting.at - before.at);
    if (apart > WITHIN_MS) return undefined;
    return signed(sameContent, {
      path: 'order_id',
      key: REPEAT,
      severity: 'warn',
      observed: sighting.orderId,
      expected: `one order id for it: the same user ordered the same as ${before.orderId} ${spell(apart)}`,
      confidence: apart === 0 ? 0.98 : 0.85,
    });
  };
  const sharedId: Check = {
    id: 'order_id_of_two_users',
    version: 1,
    family: 'repeats',
    judge(order, { trial }) {
      const sighting = sighted(order);
      const before = byOrderId.get(sighting.orderId);
      if (trial) return NOTHING;
      // Of the two rules the last to look, so that both look before either remembers.
      remember(sighting);
      sighting.unheard = true;
      waiting.push(sighting);
      if (waiting.length > 2 * MOST_WAITING)
        for (const left of waiting.splice(0, MOST_WAITING)) left.unheard = false;
      // Some shops number the orders of each user by themselves: theirs share ids all the time.
      numbering.saw(before && before.user !== sighting.user ? SHARED : OWN, order.userId);
      const found = sharedIdIn(sighting, before);
      return found ? [found] : NOTHING;
    },
  };
  const sharedIdIn = (sighting: Sighting, before: Sighting | undefined): Finding | undefined => {
    if (!before || before.user === sighting.user || numbering.isHabit(SHARED)) return undefined;
    const isSame = before.content === sighting.content;
    const apart = Math.abs(sighting.at - before.at);
    if (!isSame && apart > A_DAY_MS) return undefined;
    return signed(sharedId, {
      path: 'user_id',
      key: SHARED,
      severity: isSame ? 'warn' : 'info',
      observed: `order ${sighting.orderId} of a second user${isSame ? ', with the same content' : ''}`,
      expected: `one user for an order id: the other one's was placed ${spell(apart)}`,
      confidence: isSame ? 0.95 : 0.5,
    });
  };
  const lateIn = (look: typeof sharedIdIn, own: Sighting | undefined, heard: Sighting): Late[] => {
    const finding = own?.unheard ? look(own, heard) : undefined;
    return own && finding ? [{ orderId: own.orderId, finding }] : [];
  };
  return {
    checks: [sameContent, sharedId],
    drain() {
      const drained = waiting;
      waiting = [];
      return drained;
    },
    absorb: (sightings) =>
      sightings.flatMap((heard) => {
        const [sameAs, namesake] = [byContent.get(heard.own), byOrderId.get(heard.orderId)];
        remember(heard);
        return [...lateIn(sameContentIn, sameAs, heard), ...lateIn(sharedIdIn, namesake, heard)];
      }),
  };
}

/**
 * The newest of a key, of the last orders. Two maps in turn: one from which the oldest of all is taken each time is searched
 * through for it from its beginning, where what was taken left its room empty.
 */
function recent<Key>() {
  let now = new Map<Key, Sighting>();
  let before = now;
  return {
    get: (key: Key) => now.get(key) ?? before.get(key),
    set(key: Key, sighting: Sighting) {
      if (now.size >= ORDERS_REMEMBERED) [before, now] = [now, new Map()];
      now.set(key, sighting);
    },
  };
}

function sightingOf(order: Order): Sighting {
  const { orderId, userId, minorUnits, currency, items, paymentMethod, shippingAddress } = order;
  const hash = new TextHash();
  hash.add(String(minorUnits)).add(currency).add(paymentMethod).add(shippingAddress);
  for (let at = 0; at < items.length; at += 1) {
    const { productId, quantity, pricePerUnit } = items[at] as Order['items'][number];
    hash.add(productId).add(String(quantity)).add(pricePerUnit);
  }
  const content = hash.sum();
  return {
    content,
    user: new TextHash().add(userId).sum(),
    own: hash.add(userId).sum(),
    orderId,
    at: instantOf(order.placedAt),
    unheard: false,
  };
}

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
