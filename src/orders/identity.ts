import { hash } from 'node:crypto';
import type { Order } from './order.ts';

export const IDENTITY_BYTES = 8;
export const DIGEST_BYTES = 8;

/** Digests carry the order's value in 32 bits; one of 42,949,672.95 or more reads as this. */
export const VALUE_UNKNOWN = 0xffff_ffff;

/** How many ranges of users there can ever be: partitions are ranges of this hash. */
export const USER_HASH_RANGE = 0x1_0000;

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');

/** Stable hash of a normalised user id, 0 to 65,535. */
export function userHash(userId: string): number {
  return sha256(userId).readUInt16BE(0);
}

/**
 * Names an order in the ledger: 2 bytes of its user's hash, so that a partition can be split by moving entries,
 * then 6 bytes of user and order id together. Ids hold no control characters, so NUL separates them for sure.
 */
export function identityOf(order: Pick<Order, 'userId' | 'orderId'>): Buffer {
  const identity = Buffer.allocUnsafe(IDENTITY_BYTES);
  identity.writeUInt16BE(userHash(order.userId), 0);
  sha256(`${order.userId}\0${order.orderId}`).copy(identity, 2, 0, IDENTITY_BYTES - 2);
  return identity;
}

/**
 * Tells whether two orders of one identity are the same event: 4 bytes of value, so that a conflict can name the
 * amount already counted, then 4 bytes of what the stats rest on. Nothing else is in it: shops send an order again
 * with a payment method or an address that it lacked, and that is the same order. A missing timestamp stays missing:
 * with the time of receipt in it, the same order sent twice would conflict with itself.
 */
export function digestOf(order: Order): Buffer {
  const digest = Buffer.allocUnsafe(DIGEST_BYTES);
  digest.writeUInt32BE(Math.min(order.minorUnits, VALUE_UNKNOWN), 0);
  sha256(canonicalJson(order)).copy(digest, 4, 0, DIGEST_BYTES - 4);
  return digest;
}

/** The value of what was counted, in minor units; undefined when it is too large to stand in a digest. */
export function valueIn(digest: Buffer): number | undefined {
  const value = digest.readUInt32BE(0);
  return value === VALUE_UNKNOWN ? undefined : value;
}

/** The ids are in it too: of two orders whose identities collide, one would otherwise pass for the other. */
function canonicalJson(order: Order): string {
  return JSON.stringify([
    order.orderId,
    order.userId,
    order.minorUnits,
    order.currency,
    order.items.map((item) => [item.productId, item.quantity, item.pricePerUnit]),
    order.timestamp ?? null,
  ]);
}
