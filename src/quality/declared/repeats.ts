import type { Order } from '../../orders/order.ts';
import type { Check, Circumstances } from '../check.ts';
import type { Finding } from '../finding.ts';
import type { Late } from '../flagged.ts';
import { habits } from './habits.ts';
import { instantOf, NOTHING, signed } from './rule.ts';
import { TextHash } from './textHash.ts';

/** Sent twice by one hand, not bought twice. */
const WITHIN_MS = 10 * 60_000;
/** Ids of other content that are further apart are two shops' or two years' numbers. */
const A_DAY_MS = 24 * 60 * 60_000;
/** Orders remembered by one process, some 60 bytes and an id each; at 50 a second, twenty minutes. As many as 16 bits name. */
const ORDERS_REMEMBERED = 0x10000;
const LAST = ORDERS_REMEMBERED - 1;
/** Sightings that wait for `drain`; with nobody who takes them, the oldest leave. */
const MOST_WAITING = 5_000;

const [REPEAT, SHARED, OWN] = ['repeat', 'shared', 'own'];

/**
 * What is told of an order: no user, no address, only hashes of what was ordered, how it is paid and where it goes; of who
 * ordered it; and of both. Then its id, and when it was placed, ms since 1970.
 */
export type Sighting = [content: number, user: number, own: number, orderId: string, at: number];

/** What was seen here and nobody else has heard of. */
export interface Seen {
  sightings: Sighting[];
  /** The others have heard of it, or never will: what they tell is no longer held against it. */
  settle: () => void;
}

export interface Repeats {
  checks: readonly Check[];
  /** What was seen since the last call, for the other processes of a fleet. */
  drain: () => Seen;
  /** What others have seen: orders are compared with it from now on, and those at once that they have not heard of. */
  absorb: (sightings: readonly Sighting[]) => Late[];
}

/**
 * Orders that came before under another name: the same content of one user under a new order id within ten minutes, and
 * one order id under two users. An order is remembered when it is judged, not when it counted: what is sent twice mostly
 * arrives together, and both are in hand before either counts.
 *
 * In columns that are written round and round, an order being its place in them: an object for each, in maps that grow,
 * cost a worker more than all other rules together.
 */
export function repeats(): Repeats {
  const column = () => new Float64Array(ORDERS_REMEMBERED);
  const [contents, users, owns, hashedIds, instants] = [column(), column(), column(), column(), column()];
  const orderIds: string[] = [];
  /** The turn it was seen in here; 0 of what others told. */
  const turns = new Uint32Array(ORDERS_REMEMBERED);
  const [byContent, byOrderId] = [chains(owns), chains(hashedIds)];
  const numbering = habits();
  /** What is written there is remembered only when the next is free. */
  let free = 0;
  let written: Order | undefined;
  let turn = 1;
  const unheard = new Set([turn]);
  let waiting: number[] = [];

  const write = (content: number, user: number, own: number, orderId: string, at: number) => {
    contents[free] = content;
    users[free] = user;
    owns[free] = own;
    orderIds[free] = orderId;
    hashedIds[free] = HASH.begin().add(orderId).sum();
    instants[free] = at;
  };
  const remember = (seenIn: number) => {
    byContent.link(free);
    byOrderId.link(free);
    turns[free] = seenIn;
    free = (free + 1) & LAST;
    written = undefined;
  };
  /** Both rules look at one order, one after the other. */
  const placeOf = (order: Order, circumstances: Circumstances): number => {
    if (written === order) return free;
    const content = contentOf(order);
    const own = HASH.add(order.userId).sum();
    const at = isUndated(order, circumstances) ? Number.NaN : instantOf(order.placedAt);
    write(content, HASH.begin().add(order.userId).sum(), own, order.orderId, at);
    written = order;
    return free;
  };

  const sameContent: Check = {
    id: 'same_content_new_id',
    version: 1,
    family: 'repeats',
    judge(order, circumstances) {
      if (circumstances.trial) return NOTHING;
      const place = placeOf(order, circumstances);
      const found = sameContentIn(place, byContent.before(place));
      return found ? [found] : NOTHING;
    },
  };
  const sameContentIn = (place: number, before: number): Finding | undefined => {
    if (before < 0 || orderIds[before] === orderIds[place]) return undefined;
    const apart = apartOf(place, before);
    if (!(apart <= WITHIN_MS)) return undefined;
    return signed(sameContent, {
      path: 'order_id',
      key: REPEAT,
      severity: 'warn',
      observed: orderIds[place] as string,
      expected: `one order id for it: the same user ordered the same as ${orderIds[before]} ${spell(apart)}`,
      confidence: apart === 0 ? 0.98 : 0.85,
    });
  };
  const apartOf = (place: number, before: number): number =>
    Math.abs((instants[place] as number) - (instants[before] as number));
  const sharedId: Check = {
    id: 'order_id_of_two_users',
    version: 1,
    family: 'repeats',
    judge(order, circumstances) {
      if (circumstances.trial) return NOTHING;
      const place = placeOf(order, circumstances);
      const before = byOrderId.before(place);
      // Of the two rules the last to look, so that both look before either remembers.
      remember(turn);
      waiting.push(place);
      if (waiting.length > 2 * MOST_WAITING)
        for (const left of waiting.splice(0, MOST_WAITING)) turns[left] = 0;
      // Some shops number the orders of each user by themselves: theirs share ids all the time.
      numbering.saw(before >= 0 && users[before] !== users[place] ? SHARED : OWN, order.userId);
      const found = sharedIdIn(place, before);
      return found ? [found] : NOTHING;
    },
  };
  const sharedIdIn = (place: number, before: number): Finding | undefined => {
    if (before < 0 || users[before] === users[place] || numbering.isHabit(SHARED)) return undefined;
    const isSame = contents[before] === contents[place];
    const apart = apartOf(place, before);
    if (!isSame && !(apart <= A_DAY_MS)) return undefined;
    return signed(sharedId, {
      path: 'user_id',
      key: SHARED,
      severity: isSame ? 'warn' : 'info',
      observed: `order ${orderIds[place]} of a second user${isSame ? ', with the same content' : ''}`,
      expected: `one user for an order id${Number.isNaN(apart) ? '' : `: the other one's was placed ${spell(apart)}`}`,
      confidence: isSame ? 0.95 : 0.5,
    });
  };
  const lateIn = (look: typeof sharedIdIn, own: number, heard: number): Late[] => {
    const finding = own >= 0 && unheard.has(turns[own] as number) ? look(own, heard) : undefined;
    return finding ? [{ orderId: orderIds[own] as string, finding }] : [];
  };
  return {
    checks: [sameContent, sharedId],
    drain() {
      const drained = turn;
      const places = waiting.filter((place) => turns[place] === drained);
      waiting = [];
      if (places.length > 0) unheard.add(++turn);
      return {
        sightings: places.map((place) => [
          contents[place] as number,
          users[place] as number,
          owns[place] as number,
          orderIds[place] as string,
          instants[place] as number,
        ]),
        settle: () => unheard.delete(drained),
      };
    },
    absorb: (sightings) =>
      sightings.flatMap((sighting) => {
        const heard = free;
        write(...sighting);
        const [sameAs, namesake] = [byContent.before(heard), byOrderId.before(heard)];
        remember(0);
        return [...lateIn(sameContentIn, sameAs, heard), ...lateIn(sharedIdIn, namesake, heard)];
      }),
  };
}

/**
 * Finds the newest place before a free one that has the same key. A place is linked to the one before it of all keys that end
 * in the same 16 bits.
 */
function chains(keys: Float64Array) {
  const newest = new Uint16Array(ORDERS_REMEMBERED);
  const older = new Uint16Array(ORDERS_REMEMBERED);
  return {
    /** -1 where there is none. */
    before(place: number): number {
      const key = keys[place] as number;
      let age = 0;
      for (let at = newest[key & LAST] as number; ; at = older[at] as number) {
        const its = (place - at) & LAST;
        // A place that has been written anew is of another chain: what seems older than it is not.
        if (its <= age) return -1;
        if (keys[at] === key) return at;
        age = its;
      }
    },
    link(place: number): void {
      const end = (keys[place] as number) & LAST;
      older[place] = newest[end] as number;
      newest[end] = place;
    },
  };
}

/** Of a file, where all orders without a time are dated by now: when they were placed nobody knows. */
const isUndated = ({ timestamp, placedAt }: Order, { itselfLearned, now }: Circumstances): boolean =>
  itselfLearned === true && timestamp === undefined && instantOf(placedAt) === now;

const HASH = new TextHash();

/** `HASH` goes on from there. */
function contentOf({ minorUnits, currency, items, paymentMethod, shippingAddress }: Order): number {
  HASH.begin().add(String(minorUnits)).add(currency).add(paymentMethod).add(shippingAddress);
  for (let at = 0; at < items.length; at += 1) {
    const { productId, quantity, pricePerUnit } = items[at] as Order['items'][number];
    HASH.add(productId).add(String(quantity)).add(pricePerUnit);
  }
  return HASH.sum();
}

function spell(ms: number): string {
  if (ms === 0) return 'at the same moment';
  return ms < 120_000
    ? `${Math.max(1, Math.round(ms / 1_000))} s apart`
    : `${Math.round(ms / 60_000)} min apart`;
}
