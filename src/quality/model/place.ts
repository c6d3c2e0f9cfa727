/** Words by which a part of an address is one of a street, a house or a person. */
const STREET =
  /\b(?:st|street|rd|road|ave|avenue|ln|lane|dr|drive|blvd|boulevard|way|ct|court|pl|place|sq|square|terrace|hwy|highway|apt|apartment|suite|ste|unit|floor|flat|room|po box|p\.?o\.? box|c\/o|attn|rue|via|calle|avenida|platz|weg|gasse|allee|mr|mrs|ms|dr)\b|stra(?:ß|ss)e\b|str\./iu;
/** `10115 Berlin`, `IL 62701`, `Berlin 10115-2`: a place and its post code. */
const POST_CODE = /^(?:\d{4,6}(?:-\d{2,4})?\s+)?([^\d]{2,}?)(?:\s+\d{4,6}(?:-\d{2,4})?)?$/u;
const PARTS = 3;
const LONGEST = 500;

/**
 * City, region and country of an address that is written as one text, from its end: nothing before the last part that
 * names a street, a number or a person. Empty when that cannot be told apart; it may leave out too much, so that it does
 * not leave in too much.
 */
export function placeOf(address: string): string {
  const parts = address
    .slice(0, LONGEST)
    .split(/[,;\n]/)
    .map((part) => part.trim().replace(/\s+/g, ' '))
    .filter((part) => part !== '');
  const places = parts.map((part) => (STREET.test(part) ? undefined : POST_CODE.exec(part)?.[1]?.trim()));
  const lastOther = places.lastIndexOf(undefined);
  // Without a street, the first part may as well be a name.
  const from = lastOther === -1 ? 1 : lastOther + 1;
  return places.slice(Math.max(from, places.length - PARTS)).join(', ');
}
