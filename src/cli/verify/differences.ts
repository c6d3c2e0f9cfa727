/** What is recorded of one user, in the places that must agree. Undefined where there is nothing. */
export interface UserRecord {
  userId: string;
  partition: number;
  /** From the user's own hash; money in minor units, here and below. */
  orders: number | undefined;
  minorUnits: number | undefined;
  bySpend: number | undefined;
  byCount: number | undefined;
  overMonths: number;
}

/** In which places the record differs from the user's hash; none when all agree. */
export type Place = 'spend list' | 'order list' | 'months';

const PLACES: readonly Place[] = ['spend list', 'order list', 'months'];

export function differingPlaces(user: UserRecord): Place[] {
  const { orders, minorUnits, bySpend, byCount, overMonths } = user;
  return PLACES.filter((place) => {
    if (place === 'months') return minorUnits !== overMonths;
    if (orders === undefined) return true;
    return place === 'spend list' ? minorUnits !== bySpend : orders !== byCount;
  });
}

const KEPT = 20;

/** Users whose record differs: how many in each place, and the first of them. Data may be wrong for everybody. */
export class Differences {
  readonly counts: Record<Place, number> = { 'spend list': 0, 'order list': 0, months: 0 };
  readonly first: UserRecord[] = [];
  users = 0;

  /** Takes no notice of a record that agrees. */
  note(user: UserRecord): void {
    const places = differingPlaces(user);
    if (places.length === 0) return;
    this.users += 1;
    for (const place of places) this.counts[place] += 1;
    if (this.first.length < KEPT) this.first.push(user);
  }

  addAll(others: Differences): void {
    this.users += others.users;
    for (const place of PLACES) this.counts[place] += others.counts[place];
    this.first.push(...others.first.slice(0, KEPT - this.first.length));
  }
}
