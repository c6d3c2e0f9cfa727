import { type Clock, systemClock } from './clock.ts';
import type { PeopleStore } from './peopleStore.ts';

const FRESH_MS = 1_000;

/**
 * Whether anybody was invited: from the first one on, the operators' pages ask who comes. Read once a second. While
 * Redis is away it stays as it was, and rejects when nobody ever knew.
 */
export function anybodyInvited(
  people: PeopleStore,
  { elapsed }: Clock = systemClock,
): () => Promise<boolean> {
  let known: boolean | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (known !== undefined && elapsed() - readAt < FRESH_MS) return known;
    try {
      known = await people.isAnybodyThere();
    } catch (error) {
      if (known === undefined) throw error;
    }
    readAt = elapsed();
    return known;
  };
}
