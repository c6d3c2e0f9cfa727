/**
 * What a shop does again and again is not odd, whatever a rule thinks of it: counts of traits among the orders that
 * counted. Bounded: of traits the least recently seen is forgotten, and old orders weigh half as much every so often.
 */
export interface Habits {
  saw: (trait: string, userId: string) => void;
  /** Seen in at least 10 orders of at least 3 users, and in 2 % of all or more. */
  isHabit: (trait: string) => boolean;
  count: (trait: string) => number;
  total: () => number;
  /** Those that are a habit, the most usual first. */
  list: () => string[];
}

const MOST_TRAITS = 500;
const LEAST_ORDERS = 10;
const LEAST_USERS = 3;
const LEAST_SHARE = 0.02;
const ORDERS_WEIGHED = 20_000;

interface Trait {
  count: number;
  /** The first few, to tell one user's habit from the shop's. */
  users: string[];
}

export function habits(): Habits {
  const traits = new Map<string, Trait>();
  let total = 0;
  const halve = () => {
    total /= 2;
    for (const trait of traits.values()) trait.count /= 2;
  };
  const isHabit = (name: string): boolean => {
    const trait = traits.get(name);
    if (trait === undefined || trait.count < LEAST_ORDERS) return false;
    return trait.users.length >= LEAST_USERS && trait.count >= total * LEAST_SHARE;
  };
  return {
    saw(name, userId) {
      total += 1;
      if (total >= ORDERS_WEIGHED) halve();
      let trait = traits.get(name);
      if (trait === undefined || traits.size >= MOST_TRAITS) {
        // Their order only matters where one has to leave.
        traits.delete(name);
        if (traits.size >= MOST_TRAITS) traits.delete(traits.keys().next().value as string);
        trait ??= { count: 0, users: [] };
        traits.set(name, trait);
      }
      trait.count += 1;
      if (trait.users.length < LEAST_USERS && !trait.users.includes(userId)) trait.users.push(userId);
    },
    isHabit,
    count: (name) => traits.get(name)?.count ?? 0,
    total: () => total,
    list: () =>
      [...traits]
        .filter(([name]) => isHabit(name))
        .sort((a, b) => b[1].count - a[1].count)
        .map(([name]) => name),
  };
}
