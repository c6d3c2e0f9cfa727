import type { PackedValues } from './packedForm.ts';
import { THRESHOLDS } from './thresholds.ts';

/** What was told and is not learned, until enough different orders and users say that it is real. */
export interface Candidate {
  orders: number;
  /** Of at most so many different users as it takes. */
  users: number[];
  /** How many observations there had been at its first. */
  since: number;
}

export function isReal({ orders, users, since }: Candidate, observations: number, share: number): boolean {
  const { readmit } = THRESHOLDS;
  return (
    orders >= readmit.orders && users.length >= readmit.users && orders >= share * (observations - since + 1)
  );
}

export function count(candidate: Candidate, user: number): void {
  candidate.orders += 1;
  if (candidate.users.length < THRESHOLDS.readmit.users && !candidate.users.includes(user))
    candidate.users.push(user);
}

const MOST_KNOWN = 512;
const MOST_CANDIDATES = 64;

/** The values of one field that are few: payment methods, shapes of ids. Bounded; the rarest leaves. */
export interface KnownValues {
  observations(): number;
  countOf(value: string): number;
  /**
   * `itself`: it is among what was learned, as of a file that is judged by itself. What was seen once in the beginning, when everything was taken, and
   * never again, does not count as known.
   */
  isKnown(value: string, itself: boolean): boolean;
  /** How many kinds there are for each observation, or more. */
  isRestless(least: number): boolean;
  /** How often each value was seen. */
  entries(): Iterable<[string, number]>;
  /** True when it is the observation that makes a value real that was told before. */
  observe(value: string, user: number, isStrange: boolean): boolean;
  admit(value: string): void;
  forget(value: string | undefined): void;
  pack(): PackedValues;
}

export function knownValues(packed: PackedValues = [0, 0, [], []]): KnownValues {
  let [observations, kinds] = packed;
  const known = new Map(packed[2]);
  const candidates = new Map(packed[3]);

  const admit = (value: string, times: number) => {
    const before = known.get(value);
    if (before === undefined) {
      kinds += 1;
      if (known.size >= MOST_KNOWN) known.delete(rarestOf(known));
    }
    known.set(value, (before ?? 0) + times);
    candidates.delete(value);
  };
  return {
    observations: () => observations,
    countOf: (value) => known.get(value) ?? 0,
    isKnown(value, itself) {
      const times = known.get(value) ?? 0;
      // Of a file, what stands in three orders is a way of it, however it looked when it came first.
      if (itself) return times + (candidates.get(value)?.orders ?? 0) > 2;
      return times > (observations >= THRESHOLDS.values.settled ? 1 : 0);
    },
    isRestless: (least) => observations < least || kinds > 2 + THRESHOLDS.values.kinds * observations,
    entries: () => known.entries(),
    observe(value, user, isStrange) {
      observations += 1;
      if (!isStrange) {
        admit(value, 1);
        return false;
      }
      let candidate = candidates.get(value);
      if (!candidate) {
        if (candidates.size >= MOST_CANDIDATES) candidates.delete(candidates.keys().next().value as string);
        candidate = { orders: 0, users: [], since: observations };
        candidates.set(value, candidate);
      }
      count(candidate, user);
      if (!isReal(candidate, observations, THRESHOLDS.readmit.share)) return false;
      admit(value, candidate.orders);
      return true;
    },
    admit: (value) => admit(value, 1),
    forget(value) {
      if (value === undefined) {
        observations = 0;
        kinds = 0;
        known.clear();
        candidates.clear();
      } else {
        if (known.delete(value)) kinds -= 1;
        candidates.delete(value);
      }
    },
    pack: () => [observations, kinds, [...known], [...candidates]],
  };
}

function rarestOf(known: ReadonlyMap<string, number>): string {
  let rarest = '';
  let fewest = Number.POSITIVE_INFINITY;
  for (const [value, times] of known) {
    if (times < fewest) [rarest, fewest] = [value, times];
  }
  return rarest;
}
