/** Control, format and direction characters, halves of a pair, and what some programs take for the end of a line. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * The text on one line, with what would steer a terminal or hide in it written as `\u001b`, as JSON has it. Whoever sends
 * orders chooses their ids: raw, they could clear a screen, forge a line of a log or turn its direction.
 * Within JSON text it changes no value, as long as there are no line breaks between values.
 */
export const visible = (text: string): string => text.replace(HIDDEN, escaped);

/** The same for a text whose own line breaks are wanted. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');

function escaped(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  // Beyond 16 bits it is two of them, in JSON as well.
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
