import { hashOf } from './masks.ts';

/** Bits, ten for each product at the least. */
const BITS = 0x80000;

/**
 * Whether an id may be a known one less its last character. It may say so of others, and more often the more ids it was told,
 * as none is forgotten; it never fails to say so of one. Asked of each product that is not known, in place of a look-up for each
 * character there is.
 */
export function beginnings() {
  const bits = new Uint8Array(BITS / 8);
  return {
    mayBe(id: string): boolean {
      const bit = hashOf(id) & (BITS - 1);
      return ((bits[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
    },
    addOf(id: string): void {
      const bit = hashOf(id, id.length - 1) & (BITS - 1);
      bits[bit >>> 3] = (bits[bit >>> 3] as number) | (1 << (bit & 7));
    },
  };
}
