import { setImmediate } from 'node:timers/promises';

/** A user and what they are compared by. */
export interface Place {
  userId: string;
  amount: number;
}

/**
 * Largest first. Ties go the way Redis orders them, bytes descending: otherwise the cut at N would depend on the
 * partitions.
 */
export const byPlace = (a: Place, b: Place): number =>
  b.amount - a.amount || Buffer.compare(Buffer.from(b.userId), Buffer.from(a.userId));

const ENTRIES_PER_TURN = 10_000;

/** The first `limit` in order, of those strictly after a place when one is given. Others get their turn meanwhile. */
export async function firstPlaces(
  amounts: ReadonlyMap<string, number>,
  limit: number,
  after?: Place,
): Promise<Place[]> {
  const kept: Place[] = [];
  let last: Place | undefined;
  const cut = () => {
    kept.sort(byPlace);
    kept.length = Math.min(kept.length, limit);
    if (kept.length === limit) last = kept.at(-1);
  };
  let seen = 0;
  for (const [userId, amount] of amounts) {
    seen += 1;
    if (seen % ENTRIES_PER_TURN === 0) await setImmediate();
    const place = { userId, amount };
    if (after && byPlace(place, after) <= 0) continue;
    if (last && byPlace(place, last) > 0) continue;
    kept.push(place);
    if (kept.length >= 2 * limit + 1_000) cut();
  }
  cut();
  return kept;
}
