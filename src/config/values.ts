import { isIP } from 'node:net';
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
export const shareOrNone = decimalNumber.refine((value) => value <= 1, 'must be a number from 0 to 1');
export const price = decimalNumber;

/** Money in units of the currency, up to the cent and `most`; stays text, so that none of it is rounded. */
export const amount = (most: number) => {
  const message = `must be an amount from 0.01 to ${most}, with a point and two decimals at most`;
  const isAmount = (text: string) => /^\d+(\.\d{1,2})?$/.test(text);
  return z.string().refine((text) => isAmount(text) && Number(text) > 0 && Number(text) <= most, message);
};

export const oneOf = <const T extends readonly string[]>(
  values: T,
  fold: (text: string) => string = (text) => text,
) =>
  z
    .string()
    .transform((text) => fold(text) as T[number])
    .refine((value) => values.includes(value), `must be one of ${values.join(', ')}`);

/** Some of these, comma separated. */
export const several = <const T extends readonly string[]>(values: T, fold: (text: string) => string) =>
  z.string().transform((text, context): T[number][] => {
    const given = parts(text).map(fold);
    const unknown = given.filter((value) => !values.includes(value));
    if (unknown.length === 0) return [...new Set(given)] as T[number][];
    const named = unknown.map((value) => JSON.stringify(value)).join(', ');
    context.addIssue({
      code: 'custom',
      message: `must be any of ${values.join(', ')}, comma separated; ${named} is none of them`,
    });
    return z.NEVER;
  });

/** Where a proxy shows the API, as it stands behind the host; it must not begin like a path that is there already. */
export const basePath = (taken: readonly string[]) =>
  z
    .string()
    .regex(
      /^(?:\/[A-Za-z0-9_-]+)+$/,
      'must be a path such as /orders: a slash in front, none behind, in it letters, digits, - and _',
    )
    .refine(
      (path) => !taken.includes(path.split('/')[1]?.toLowerCase() as string),
      `must be another path than those that the API has: ${taken.join(', ')}`,
    );

/** A name or password as it is, less the line end that a file it was read from ends in. */
export const login = z.string().transform((text) => text.replace(/[\r\n]+$/, ''));

export const lower = (text: string) => text.toLowerCase();
export const yesNo = oneOf(['true', 'false', '1', '0', 'yes', 'no'], lower).transform((text) =>
  ['true', '1', 'yes'].includes(text),
);

const isOrigin = (text: string): boolean =>
  text === '*' || (URL.canParse(text) && new URL(text).origin === text);

/** Origins as browsers send them, comma separated, or `*`. */
export const origins = z
  .string()
  .transform(parts)
  .refine(
    (list) => list.every(isOrigin),
    'must be * or origins such as https://shop.example, comma separated',
  );

const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

function isProxy(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  if (bits === undefined) return PROXY_NAMES.includes(text) || isIP(text) !== 0;
  const most = isIP(address) === 6 ? 128 : 32;
  return rest.length === 0 && isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

/** How many proxies there are in front, or which. */
export const proxies = z
  .string()
  .transform((text) => (/^[1-9]$/.test(text) ? Number(text) : parts(text)))
  .refine(
    (given) => typeof given === 'number' || given.every(isProxy),
    'must be the number of proxies in front, or their addresses and networks, comma separated',
  );

function parts(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}
