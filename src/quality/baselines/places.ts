import { TextHash } from '../declared/textHash.ts';
import { type Lru, lru } from './lru.ts';
import { hashOf } from './masks.ts';

interface Place {
  orders: number;
  /** What it lies in, as a hash. */
  within: number;
  /** Orders that say otherwise. */
  otherwise: number;
}

export type PackedPlaces = [number, number, number, number][];

const MOST_PLACES = 20_000;
const KNOWN = 8;
const WELL_KNOWN = 20;
const LONGEST_ADDRESS = 300;

/**
 * Which place lies in which: the town in its region, the region in its country, as the end of an address says. Only
 * hashes are kept.
 */
export interface Places {
  /** The inner and the outer place of a pair that contradicts what is known of both, and how often it was otherwise. */
  strange(address: string): { inner: string; outer: string; orders: number } | undefined;
  observe(chain: readonly number[]): void;
  forget(): void;
  pack(): PackedPlaces;
}

export function places(packed: PackedPlaces = []): Places {
  const known: Lru<number, Place> = lru(MOST_PLACES);
  for (const [hash, orders, within, otherwise] of packed)
    known.use(hash, () => ({ orders, within, otherwise }));
  return {
    strange(address) {
      const chain = chainOf(address);
      for (let at = 0; at + 1 < chain.length; at += 1) {
        const outer = chain[at + 1] as number;
        const place = known.get(chain[at] as number);
        if (!place || place.within === outer || place.orders < KNOWN) continue;
        // A region that nobody has named may be another way to write the same: more orders have to speak against it.
        const isKnown = (known.get(outer)?.orders ?? 0) >= KNOWN;
        if (!isKnown && place.orders < WELL_KNOWN) continue;
        if (place.otherwise > (isKnown ? 0.1 : 0.03) * place.orders) continue;
        const names = namesIn(address);
        return { inner: names[at] as string, outer: names[at + 1] as string, orders: place.orders };
      }
      return undefined;
    },
    observe(chain) {
      for (let at = 0; at < chain.length; at += 1) {
        const within = chain[at + 1] ?? 0;
        const place = known.use(chain[at] as number, () => ({ orders: 0, within, otherwise: 0 }));
        place.orders += 1;
        if (place.within !== within) place.otherwise += 1;
      }
    },
    forget: () => known.clear(),
    pack: () =>
      [...known.entries()].map(([hash, { orders, within, otherwise }]) => [hash, orders, within, otherwise]),
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
    if (name) names.unshift(name);
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
