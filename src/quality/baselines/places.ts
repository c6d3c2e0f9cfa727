import { TextHash } from '../declared/textHash.ts';
import { keyOf } from '../keyText.ts';
import { type Candidate, count } from './knownValues.ts';
import { type Lru, lru } from './lru.ts';
import { hashOf } from './masks.ts';
import type { PackedPlaces } from './packedForm.ts';
import { THRESHOLDS } from './thresholds.ts';

interface Place {
  orders: number;
  /** What it lies in, as a hash. */
  within: number;
  /** Orders that say otherwise. */
  otherwise: number;
  /** What else it lies in: there is a Rochester in many states. */
  also?: number[] | undefined;
  /** What was told, and is not learned until some users say the same. */
  odd?: (Candidate & { outer: number })[] | undefined;
}

const MOST_PLACES = 20_000;
const MOST_NAMESAKES = 16;
const MOST_ODD = 4;
const KNOWN = 8;
const WELL_KNOWN = 20;
const LONGEST_ADDRESS = 300;
/** Two of them are the key of a finding. */
const LONGEST_NAME = 90;

/**
 * Which place lies in which: the town in its region, the region in its country, as the end of an address says. Only
 * hashes are kept.
 */
export interface Places {
  /** The inner and the outer place of a pair that contradicts what is known of both, and how often it was otherwise. */
  strange(address: string): { inner: string; outer: string; orders: number } | undefined;
  observe(chain: readonly number[], user: number): void;
  /** By the key of a finding: what was told lies there. */
  admit(key: string): void;
  /** Where a place lies, by its name as `strange` tells it; without a name, of all. */
  forget(inner: string | undefined): void;
  pack(): PackedPlaces;
}

export function places(packed: PackedPlaces = []): Places {
  const known: Lru<number, Place> = lru(MOST_PLACES);
  for (const [hash, orders, within, otherwise, rest] of packed)
    known.use(hash, () => ({ orders, within, otherwise, ...rest }));
  const isStrange = (place: Place, outer: number): boolean => {
    if (place.within === outer || place.orders < KNOWN || place.also?.includes(outer)) return false;
    // A region that nobody has named may be another way to write the same: more orders have to speak against it.
    const isKnown = (known.get(outer)?.orders ?? 0) >= KNOWN;
    if (!isKnown && place.orders < WELL_KNOWN) return false;
    return place.otherwise <= (isKnown ? 0.1 : 0.03) * place.orders;
  };
  const admit = (place: Place, outer: number) => {
    const others = (place.also ?? []).filter((each) => each !== outer);
    place.also = [...others, outer].slice(-MOST_NAMESAKES);
    place.odd = (place.odd ?? []).filter((each) => each.outer !== outer);
  };
  const contradict = (place: Place, within: number) => {
    place.otherwise += 1;
    if (2 * place.otherwise <= place.orders) return;
    // The first to come said what most do not: held against it, nothing would be odd of this place any more.
    place.within = within;
    place.otherwise = place.orders - place.otherwise;
  };
  const setAside = (place: Place, outer: number, user: number) => {
    place.odd ??= [];
    let odd = place.odd.find((each) => each.outer === outer);
    if (!odd) {
      odd = { outer, orders: 0, users: [], since: place.orders };
      place.odd = [...place.odd, odd].slice(-MOST_ODD);
    }
    count(odd, user);
    if (odd.users.length >= THRESHOLDS.readmit.users) admit(place, outer);
  };
  return {
    strange(address) {
      const chain = chainOf(address);
      for (let at = 0; at + 1 < chain.length; at += 1) {
        const place = known.get(chain[at] as number);
        if (!place || !isStrange(place, chain[at + 1] as number)) continue;
        const names = namesIn(address);
        return { inner: names[at] as string, outer: names[at + 1] as string, orders: place.orders };
      }
      return undefined;
    },
    observe(chain, user) {
      for (let at = 0; at < chain.length; at += 1) {
        const within = chain[at + 1] ?? 0;
        const place = known.use(chain[at] as number, () => ({ orders: 0, within, otherwise: 0 }));
        if (at + 1 < chain.length && isStrange(place, within)) {
          setAside(place, within, user);
          return;
        }
        place.orders += 1;
        if (place.within !== within && !place.also?.includes(within)) contradict(place, within);
      }
    },
    forget(inner) {
      if (inner === undefined) known.clear();
      else known.delete(hashOf(inner));
    },
    admit(key) {
      const [inner = '', outer = ''] = key.split(', ');
      const place = known.get(hashOf(inner));
      if (place && place.within !== hashOf(outer)) admit(place, hashOf(outer));
    },
    pack: () =>
      [...known.entries()].map(([hash, { orders, within, otherwise, also, odd }]) => [
        hash,
        orders,
        within,
        otherwise,
        ...(also || odd ? [{ also, odd }] : []),
      ]),
  };
}

const HASH = new TextHash();
/** Chains made lately, by a hash of all that follows the first comma: many addresses are of one town. */
const MADE = 1_024;
const ends = new Float64Array(MADE).fill(-1);
const chains: (readonly number[])[] = [];

/** Hashes of the places at the end of an address, from the innermost. */
export function chainOf(address: string): readonly number[] {
  const comma = address.indexOf(',');
  if (comma < 0) return NOWHERE;
  const end = HASH.begin().add(address, comma).sum();
  const place = end & (MADE - 1);
  if (ends[place] !== end) {
    chains[place] = namesIn(address).map((name) => hashOf(name));
    ends[place] = end;
  }
  return chains[place] as readonly number[];
}

const NOWHERE: readonly number[] = Object.freeze([]);

/**
 * At most three parts from the end, without the first, which is street or name; without figures, which are postal codes.
 */
function namesIn(address: string): string[] {
  const names: string[] = [];
  const text = address.length > LONGEST_ADDRESS ? address.slice(-LONGEST_ADDRESS) : address;
  let end = text.length;
  while (names.length < 3) {
    const comma = text.lastIndexOf(',', end - 1);
    if (comma < 0 || end <= 0) break;
    const name = wordsOf(text.slice(comma + 1, end));
    if (name) names.unshift(keyOf(name, LONGEST_NAME));
    end = comma;
  }
  return names;
}

const wordsOf = (part: string): string => {
  const name = part.trim().toUpperCase();
  return /\d/.test(name)
    ? name
        .split(/\s+/)
        .filter((word) => !/\d/.test(word))
        .join(' ')
    : name;
};
