/** An id longer than that is told by its beginning. */
const LONGEST = 40;

/**
 * The shape of an identifier, character by character: `ORD-1000a` is `AAA-9999a`. Whatever is neither a digit nor a
 * letter stands for itself. Holds nothing of the id but its shape.
 */
export function maskOf(id: string): string {
  let mask = '';
  const length = Math.min(id.length, LONGEST);
  for (let at = 0; at < length; at += 1) {
    const code = id.charCodeAt(at);
    if (code >= 48 && code <= 57) mask += '9';
    else if (code >= 65 && code <= 90) mask += 'A';
    else if (code >= 97 && code <= 122) mask += 'a';
    else mask += code < 128 ? (id[at] as string) : 'Ä';
  }
  return id.length > LONGEST ? `${mask}…` : mask;
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
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
