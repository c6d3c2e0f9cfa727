import * as z from 'zod';

/*
 * What the value of an environment variable may be. Each message completes the sentence that starts with the name.
 */

export const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

const decimalNumber = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'must be a number')
  .transform(Number);
export const share = decimalNumber.refine(
  (value) => value > 0 && value <= 1,
  'must be above 0 and at most 1',
);
export const price = decimalNumber;

export const oneOf = <const T extends readonly string[]>(
  values: T,
  fold: (text: string) => string = (text) => text,
) =>
  z
    .string()
    .transform((text) => fold(text) as T[number])
    .refine((value) => values.includes(value), `must be one of ${values.join(', ')}`);

export const lower = (text: string) => text.toLowerCase();
export const yesNo = oneOf(['true', 'false', '1', '0', 'yes', 'no'], lower).transform((text) =>
  ['true', '1', 'yes'].includes(text),
);

export const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    );
