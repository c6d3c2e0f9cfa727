/** An id longer than that is told by its beginning. */
const LONGEST = 40;

const LATIN = Buffer.alloc(LONGEST);
const [DIGIT, CAPITAL, SMALL, OTHER] = [...Buffer.from('9AaÄ', 'latin1')] as [number, number, number, number];
/** Masks that were made lately: a shop's ids have few shapes, and a text that is made anew is work for the collector. */
const MADE = new Array<string>(256).fill('');
const { imul } = Math;

/**
 * The shape of an identifier, character by character: `ORD-1000a` is `AAA-9999a`. Whatever is neither a digit nor a
 * letter stands for itself. Holds nothing of the id but its shape.
 */
export function maskOf(id: string): string {
  const length = Math.min(id.length, LONGEST);
  let hash = id.length > LONGEST ? 1 : 0;
  for (let at = 0; at < length; at += 1) {
    const sign = signOf(id.charCodeAt(at));
    LATIN[at] = sign;
    hash = imul(hash ^ sign, 0x01000193);
  }
  const place = (hash ^ (hash >>> 15)) & 0xff;
  const made = MADE[place] as string;
  if (made.length === Math.min(id.length, LONGEST + 1) && beginsLatin(made, length)) return made;
  const mask = LATIN.toString('latin1', 0, length) + (id.length > LONGEST ? '…' : '');
  MADE[place] = mask;
  return mask;
}

function signOf(code: number): number {
  if (code >= 48 && code <= 57) return DIGIT;
  if (code >= 65 && code <= 90) return CAPITAL;
  if (code >= 97 && code <= 122) return SMALL;
  return code < 128 ? code : OTHER;
}

function beginsLatin(text: string, length: number): boolean {
  for (let at = 0; at < length; at += 1) if (text.charCodeAt(at) !== LATIN[at]) return false;
  return true;
}

/**
 * Coarser with every level: letters and digits alike (ids in hexadecimal), then without lengths (numbers that grow).
 * What is told apart at a level is what the finer one is too restless for.
 */
export const COARSER: readonly ((mask: string) => string)[] = [
  (mask) => mask,
  (mask) => mask.replace(/[9AaÄ]/g, '*'),
  withoutLengths,
  (mask) => mask.replace(/[9AaÄ]+/g, '*'),
];

/** Letters and digits told apart, but not how many there are. */
export function withoutLengths(mask: string): string {
  return mask.replace(/9+/g, '9').replace(/[AaÄ]+/g, 'A');
}

/** 32 bits of a text (FNV-1a): names users and places in what is learned, so that none of them is kept. */
export function hashOf(text: string, length = text.length): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < length; at += 1) hash = imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
