import * as z from 'zod';

/*
 * What an own rule may say of a value. Text is compared in capitals, as ids and payment methods are counted. There are no
 * regular expressions: one that a shop wrote in haste could hold up every order.
 */

const LONGEST = 200;
const text = z.string().min(1).max(LONGEST);
const texts = z.union([text.transform((one) => [one]), z.array(text).min(1).max(LONGEST)]);
const number = z.number();
const numbers = z.union([number.transform((one) => [one]), z.array(number).min(1).max(LONGEST)]);
const A_TIME = 'must be a day or a time such as 2026-01-31';
const instant = z
  .union([z.iso.date(A_TIME), z.iso.datetime({ offset: true, error: A_TIME })])
  .transform((time) => Date.parse(time));

const notEmpty = (condition: object) => Object.keys(condition).length > 0;
const EMPTY = 'must say something of the value';

/** All that is said has to hold. */
export const numberCondition = z
  .strictObject({ above: number, below: number, is: numbers, is_not: numbers })
  .partial()
  .refine(notEmpty, EMPTY);
export const textCondition = z
  .strictObject({ missing: z.boolean(), is: texts, is_not: texts, like: texts, unlike: texts })
  .partial()
  .refine(notEmpty, EMPTY);
export const timeCondition = z
  .strictObject({ missing: z.boolean(), before: instant, after: instant })
  .partial()
  .refine(notEmpty, EMPTY);

export type Holds<T> = (value: T) => boolean;

export function holdsOfNumber(condition: z.output<typeof numberCondition>): Holds<number> {
  const { above, below, is, is_not: isNot } = condition;
  return (value) =>
    (above === undefined || value > above) &&
    (below === undefined || value < below) &&
    (is === undefined || is.includes(value)) &&
    (isNot === undefined || !isNot.includes(value));
}

/** A missing value fulfils `missing: true` alone. */
export function holdsOfText(condition: z.output<typeof textCondition>): Holds<string | undefined> {
  const is = condition.is?.map(capitals);
  const isNot = condition.is_not?.map(capitals);
  const like = condition.like?.map(capitals);
  const unlike = condition.unlike?.map(capitals);
  return (sent) => {
    const isMissing = sent === undefined || sent === '';
    if (condition.missing !== undefined && condition.missing !== isMissing) return false;
    if (isMissing) return condition.missing === true;
    const value = capitals(sent);
    return (
      (is === undefined || is.includes(value)) &&
      (isNot === undefined || !isNot.includes(value)) &&
      (like === undefined || like.some((pattern) => isLike(value, pattern))) &&
      (unlike === undefined || !unlike.some((pattern) => isLike(value, pattern)))
    );
  };
}

export function holdsOfTime(condition: z.output<typeof timeCondition>): Holds<string | undefined> {
  const { missing, before, after } = condition;
  return (sent) => {
    if (missing !== undefined && missing !== (sent === undefined)) return false;
    if (sent === undefined) return missing === true;
    const value = Date.parse(sent);
    return (before === undefined || value < before) && (after === undefined || value > after);
  };
}

/** No field that is compared is longer, but for an address, and of that the beginning will do. */
const capitals = (value: string): string => value.slice(0, 1_000).normalize('NFC').toUpperCase();

/** `*` is any text, `?` one character, `#` one digit. In steps of length of text × length of pattern at most. */
export function isLike(value: string, pattern: string): boolean {
  let [at, place, star, retry] = [0, 0, -1, 0];
  while (at < value.length) {
    if (pattern[place] === '*') {
      star = place;
      retry = at;
      place += 1;
    } else if (place < pattern.length && fits(value[at] as string, pattern[place] as string)) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      retry += 1;
      at = retry;
      place = star + 1;
    } else return false;
  }
  while (pattern[place] === '*') place += 1;
  return place === pattern.length;
}

function fits(character: string, sign: string): boolean {
  if (sign === '#') return character >= '0' && character <= '9';
  return sign === '?' || sign === character;
}
