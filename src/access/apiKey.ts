import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { AccessRole } from './roles.ts';

/** What is kept of a key. Never the key itself. Times are milliseconds since 1970. */
export interface StoredKey {
  /** Public half of the key: names it in lists and logs, opens nothing. */
  id: string;
  /** SHA-256 of the whole key, hex. */
  digest: string;
  name: string;
  role: AccessRole;
  createdAt: number;
  expiresAt?: number;
  revokedAt?: number;
}

/** `op_<id>_<secret>`: a fixed shape, so that scanners for leaked secrets can find one that was committed somewhere. */
const SHAPE = /^op_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

/** A new key as its owner will present it. */
export function makeKey(): { id: string; key: string } {
  const id = randomBytes(8).toString('hex');
  return { id, key: `op_${id}_${randomBytes(32).toString('base64url')}` };
}

/** The id inside a key; undefined when the text cannot be a key of ours. */
export function idOfKey(key: string): string | undefined {
  return SHAPE.exec(key)?.[1];
}

/**
 * One round of SHA-256, not bcrypt or Argon2: those slow down guessing what people choose. A key is 256 random bits,
 * which nobody guesses at any speed, and a slow hash on every request would be a way to exhaust this process.
 */
export const digestOf = (key: string): string => hash('sha256', key);

/** Takes the same time wherever the two differ. */
export function matches(stored: StoredKey, key: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(key)), Buffer.from(stored.digest));
}

/** Why a key that exists does not open anything any more; undefined when it does. */
export function faultOf(stored: StoredKey, now: number): 'revoked' | 'expired' | undefined {
  if (stored.revokedAt !== undefined) return 'revoked';
  return stored.expiresAt !== undefined && stored.expiresAt <= now ? 'expired' : undefined;
}
