import * as z from 'zod';
import { ExactNumber } from './exactJson.ts';
import type { Issue, Reason } from './invalidOrder.ts';

/** Says what is wrong with a field, to complete a sentence that starts with its name. */
export type Fail = (
  reason: Reason,
  message: string,
  expected?: string,
  options?: { personal?: boolean },
) => typeof z.NEVER;

/** Reads one field out of what was sent. */
export type ReadField<T> = (value: unknown, fail: Fail) => T;

/** A required field: absent and null mean the same, as they do to most senders' serialisers. */
export function field<T>(read: ReadField<T>) {
  return z
    .unknown()
    .optional()
    .transform((value, context): T => {
      const fail = failInto(context, value);
      if (isMissing(value)) return fail('missing_field', 'is required');
      return read(value, fail);
    });
}

/** `loose`: of the wrong type, or blank, it counts as missing. */
export function optional<T>(loose: boolean, read: ReadField<T>) {
  return z
    .unknown()
    .optional()
    .transform((value, context): T | undefined => {
      if (isMissing(value)) return undefined;
      const fail = failInto(context, value);
      return loose ? unlessWrongType(read, value, fail) : read(value, fail);
    });
}

export const isMissing = (value: unknown): value is null | undefined => value === undefined || value === null;

/** What a field holds, or undefined where it is blank or `read` calls it a wrong type. */
export function unlessWrongType<T>(read: ReadField<T>, value: unknown, fail: Fail): T | undefined {
  if (typeof value === 'string' && value.trim() === '') return undefined;
  let isWrongType = false;
  const parsed = read(value, (reason, ...more) => {
    if (reason !== 'wrong_type') return fail(reason, ...more);
    isWrongType = true;
    return z.NEVER;
  });
  return isWrongType ? undefined : parsed;
}

/** `path`: where in the field, when it is a place inside of it. */
export function failInto(context: z.RefinementCtx, value: unknown, path: string[] = []): Fail {
  return (reason, message, expected, options) => {
    const received = options?.personal ? kindOf(value) : show(value);
    context.addIssue({ code: 'custom', path, message, params: { reason, expected, received } });
    return z.NEVER;
  };
}

export function fromZod(found: z.core.$ZodIssue): Issue {
  const path = found.path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
  if (found.code !== 'custom') {
    return issue('wrong_type', `${path} must be an object`, { path, expected: 'object' });
  }
  const { reason, expected, received } = found.params as {
    reason: Reason;
    expected?: string;
    received?: string;
  };
  const message = reason === 'order_value_mismatch' ? found.message : `${path} ${found.message}`;
  return issue(reason, message, { path, expected, received });
}

export function issue(
  code: Reason,
  message: string,
  more: { path?: string; expected?: string | undefined; received?: string | undefined } = {},
): Issue {
  return {
    code,
    path: more.path ?? '',
    message,
    ...(more.expected === undefined ? {} : { expected: more.expected }),
    ...(more.received === undefined ? {} : { received: more.received }),
  };
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return value instanceof ExactNumber ? 'number' : typeof value;
}

/**
 * Short enough for one line of a log, whatever was sent. Containers are named by kind: they may hold anything. What
 * terminals obey, and what nobody sees, is shown as U+FFFD or its number; the cut may halve an emoji.
 */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && !(value instanceof ExactNumber)) return kindOf(value);
  const text = value instanceof ExactNumber ? value.text : plainText(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return short.replace(/[\p{Cc}\p{Cs}]/gu, '\ufffd');
}

/** JSON leaves DEL and the C1 controls as they are, and everything that shows nothing. */
function plainText(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value).replace(/[\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });
}
