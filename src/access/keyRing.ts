import { faultOf, idOfKey, matches, type StoredKey } from './apiKey.ts';
import { type Clock, systemClock } from './clock.ts';
import type { KeyStore } from './keyStore.ts';
import type { AccessRole } from './roles.ts';

/** A key read from Redis counts as current for this long: so long may a revoked key still open something. */
export const FRESH_MS = 5_000;
/** From this age on it is read again while it still counts, so that a key in use never makes its request wait. */
const RENEW_MS = 2_500;
/** While Redis is away, a key that was good goes on reading for this long, and does nothing else. */
export const GRACE_MS = 60_000;
const MARK_USED_MS = 60_000;
/** Does not wait for a Redis that just failed to answer. */
const AWAY_MS = 1_000;
/** Keys that do not exist are looked up in Redis each time, and a flood of them must not queue up. */
const MOST_LOOKUPS = 64;
const MOST_REMEMBERED = 10_000;

export type Checked =
  | { outcome: 'good'; id: string; role: AccessRole }
  | { outcome: 'refused'; why: 'malformed' | 'unknown' | 'revoked' | 'expired' }
  /** Redis is away and nobody can say. */
  | { outcome: 'unavailable' };

interface Remembered {
  stored: StoredKey;
  /** When Redis said so; like all ages here by the clock that is never set back. */
  readAt: number;
  markedUsedAt: number;
}

/**
 * Checks keys for one process, and remembers good ones for a few seconds. Whoever does not know the secret learns
 * nothing from how long it takes: the key is found by its public id, and the secret is compared by its digest.
 */
export class KeyRing {
  readonly #store: KeyStore;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();
  readonly #lookups = new Map<string, Promise<boolean>>();
  #awayUntil = 0;

  constructor(store: KeyStore, clock: Clock = systemClock) {
    this.#store = store;
    this.#clock = clock;
  }

  async check(key: string, forRole: AccessRole): Promise<Checked> {
    const id = idOfKey(key);
    if (id === undefined) return { outcome: 'refused', why: 'malformed' };
    const age = this.#age(id);
    if (age < RENEW_MS) return this.#judge(id, key, forRole, true);
    if (this.#clock.elapsed() < this.#awayUntil) return this.#judge(id, key, forRole, false);
    const looking = this.#look(id);
    if (age < FRESH_MS) return this.#judge(id, key, forRole, true);
    return this.#judge(id, key, forRole, await looking);
  }

  /** Whether a check of this key needs no trip to Redis. */
  remembers(key: string): boolean {
    return this.#remembered.has(idOfKey(key) ?? '');
  }

  #judge(id: string, key: string, forRole: AccessRole, answered: boolean): Checked {
    const elapsed = this.#clock.elapsed();
    const remembered = this.#remembered.get(id);
    if (!remembered || elapsed - remembered.readAt > (forRole === 'read' ? GRACE_MS : FRESH_MS)) {
      // A key that Redis does not have is not remembered. Without its answer, nobody can say.
      return answered && !remembered ? { outcome: 'refused', why: 'unknown' } : { outcome: 'unavailable' };
    }
    if (!matches(remembered.stored, key)) return { outcome: 'refused', why: 'unknown' };
    const fault = faultOf(remembered.stored, this.#clock.now());
    if (fault) return { outcome: 'refused', why: fault };
    this.#markUsed(id, remembered, elapsed);
    return { outcome: 'good', id, role: remembered.stored.role };
  }

  #age(id: string): number {
    const remembered = this.#remembered.get(id);
    return remembered ? this.#clock.elapsed() - remembered.readAt : Number.POSITIVE_INFINITY;
  }

  /** One trip to Redis for all that ask for the same key meanwhile. Resolves to whether Redis answered. */
  #look(id: string): Promise<boolean> {
    const underWay = this.#lookups.get(id);
    if (underWay) return underWay;
    if (this.#lookups.size >= MOST_LOOKUPS) return Promise.resolve(false);
    const asked = this.#clock.elapsed();
    const looking = this.#store
      .find(id)
      .then(
        (stored) => {
          this.#remember(id, stored, asked);
          return true;
        },
        () => {
          this.#awayUntil = this.#clock.elapsed() + AWAY_MS;
          return false;
        },
      )
      .finally(() => this.#lookups.delete(id));
    this.#lookups.set(id, looking);
    return looking;
  }

  #remember(id: string, stored: StoredKey | undefined, readAt: number): void {
    const before = this.#remembered.get(id);
    this.#remembered.delete(id);
    if (!stored) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined && this.#remembered.size >= MOST_REMEMBERED) this.#remembered.delete(oldest);
    this.#remembered.set(id, {
      stored,
      readAt,
      markedUsedAt: before?.markedUsedAt ?? Number.NEGATIVE_INFINITY,
    });
  }

  /** At most once a minute and never waited for: the time is there to find keys that nobody uses. */
  #markUsed(id: string, remembered: Remembered, elapsed: number): void {
    if (elapsed - remembered.markedUsedAt < MARK_USED_MS) return;
    remembered.markedUsedAt = elapsed;
    this.#store.markUsed(id, this.#clock.now()).catch(() => {
      remembered.markedUsedAt = elapsed - MARK_USED_MS + FRESH_MS;
    });
  }
}
