/**
 * Characters that leave no mark of their own: two ids that differ only in them look the same to everybody who
 * compares them. Formats (Cf), what Unicode says to show nothing for (joiners, variation selectors, fillers, tags), the two
 * separators that end a line, and the blank of Braille.
 */
const INVISIBLE = String.raw`\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800`;

const ANY = new RegExp(`[${INVISIBLE}]`, 'u');
const BLANK = new RegExp(`[\\s${INVISIBLE}]`, 'u');
const LEADING_BLANKS = new RegExp(`^[\\s${INVISIBLE}]*`, 'u');

/** For the API's document: what an id may hold, as a regular expression of characters that are not invisible. */
export const VISIBLE_PATTERN = `^(?=.*\\S)[^\\p{Cc}\\p{Cs}${INVISIBLE}]*$`;

/** The same of a text with something in it that can be seen, whatever stands around that. */
export const SOME_VISIBLE_PATTERN = `[^\\s${INVISIBLE}]`;

/**
 * Without white space and invisible characters at its ends. The end is walked to by hand: a regular expression would
 * begin anew at every blank of a long run inside.
 */
export function trimInvisible(text: string): string {
  const start = LEADING_BLANKS.exec(text)?.[0].length ?? 0;
  let end = text.length;
  while (end > start) {
    const last = lastCharacter(text, end);
    if (!BLANK.test(last)) break;
    end -= last.length;
  }
  return text.slice(start, end);
}

function lastCharacter(text: string, end: number): string {
  const pair = text.slice(Math.max(0, end - 2), end);
  return (pair.codePointAt(0) ?? 0) > 0xffff ? pair : text.slice(end - 1, end);
}

/** The first invisible character as people look it up, `U+200B (zero width space)`; undefined when there is none. */
export function invisibleIn(text: string): string | undefined {
  const found = ANY.exec(text)?.[0].codePointAt(0);
  if (found === undefined) return undefined;
  const code = `U+${found.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = nameOf(found);
  return name === undefined ? code : `${code} (${name})`;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x00ad, 'soft hyphen'],
  [0x034f, 'combining grapheme joiner'],
  [0x061c, 'arabic letter mark'],
  [0x115f, 'hangul choseong filler'],
  [0x1160, 'hangul jungseong filler'],
  [0x180e, 'mongolian vowel separator'],
  [0x200b, 'zero width space'],
  [0x200c, 'zero width non-joiner'],
  [0x200d, 'zero width joiner'],
  [0x200e, 'left-to-right mark'],
  [0x200f, 'right-to-left mark'],
  [0x2028, 'line separator'],
  [0x2029, 'paragraph separator'],
  [0x202a, 'left-to-right embedding'],
  [0x202b, 'right-to-left embedding'],
  [0x202c, 'pop directional formatting'],
  [0x202d, 'left-to-right override'],
  [0x202e, 'right-to-left override'],
  [0x2060, 'word joiner'],
  [0x2061, 'function application'],
  [0x2062, 'invisible times'],
  [0x2063, 'invisible separator'],
  [0x2064, 'invisible plus'],
  [0x2066, 'left-to-right isolate'],
  [0x2067, 'right-to-left isolate'],
  [0x2068, 'first strong isolate'],
  [0x2069, 'pop directional isolate'],
  [0x2800, 'braille pattern blank'],
  [0x3164, 'hangul filler'],
  [0xfeff, 'zero width no-break space'],
  [0xffa0, 'halfwidth hangul filler'],
]);

function nameOf(code: number): string | undefined {
  if (code >= 0xfe00 && code <= 0xfe0f) return `variation selector-${code - 0xfe00 + 1}`;
  if (code >= 0xe0100 && code <= 0xe01ef) return `variation selector-${code - 0xe0100 + 17}`;
  if (code >= 0xe0000 && code <= 0xe007f) return 'tag character';
  return NAMES.get(code);
}
