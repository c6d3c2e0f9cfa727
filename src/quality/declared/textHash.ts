/** Above any code unit: stands between texts, and for one that is missing. */
const END = 0x10000;
const MISSING = 0x10001;
const { imul } = Math;

/**
 * 53 bits of some texts, one after the other: two multiplicative hashes side by side. Tells what is the same, in memory and
 * between processes of one version; nothing rests on nobody being able to find two texts of one hash.
 */
export class TextHash {
  private low = 0;
  private high = 0;

  /** Anew: one object does for all hashes. */
  begin(): this {
    this.low = 0x1e3779b9;
    this.high = 0x7f4a7c15;
    return this;
  }

  add(text: string | undefined, from = 0): this {
    let { low, high } = this;
    const length = text?.length ?? -1;
    for (let at = from; at <= length || at === 0; at += 1) {
      const code = length < 0 ? MISSING : at === length ? END : (text as string).charCodeAt(at);
      low = imul(low ^ code, 0x85ebca6b);
      high = imul(high ^ code, 0xc2b2ae35);
      low ^= low >>> 15;
      high ^= high >>> 13;
    }
    this.low = low;
    this.high = high;
    return this;
  }

  sum(): number {
    return (this.high & 0x1fffff) * 0x100000000 + (this.low >>> 0);
  }
}
