/** Above any code unit: stands between texts, and for one that is missing. */
const END = 0x10000;
const MISSING = 0x10001;

/**
 * 53 bits of some texts, one after the other: two multiplicative hashes side by side. Tells what is the same, in memory and
 * between processes of one version; nothing rests on nobody being able to find two texts of one hash.
 */
export function textHash() {
  let [low, high] = [0x9e3779b9, 0x7f4a7c15];
  const take = (code: number) => {
    low = Math.imul(low ^ code, 0x85ebca6b);
    high = Math.imul(high ^ code, 0xc2b2ae35);
    low ^= low >>> 15;
    high ^= high >>> 13;
  };
  const hash = {
    add(text: string | undefined) {
      if (text === undefined) take(MISSING);
      else for (let at = 0; at < text.length; at += 1) take(text.charCodeAt(at));
      take(END);
      return hash;
    },
    sum: (): number => (high & 0x1fffff) * 0x100000000 + (low >>> 0),
  };
  return hash;
}
