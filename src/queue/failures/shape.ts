import { createHash } from 'node:crypto';
import { ExactNumber } from '../../orders/exactJson.ts';
import type { Issue, Reason } from '../../orders/invalidOrder.ts';

/** Longer values look alike from there on, as do longer shapes. */
const LOOKED_AT = 200;
const LONGEST_SHAPE = 40;
const LONGEST_PATH = 200;

/**
 * What a value looks like, so that values that are wrong in the same way look the same: a run of digits is `9`, one of
 * letters `a`, the rest is as sent. Lists, objects and truth values are named by kind, a missing one is `nothing`.
 */
export function shapeOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'object' && !(value instanceof ExactNumber)) return 'object';
  if (typeof value === 'boolean') return 'boolean';
  const text = value instanceof ExactNumber ? value.text : String(value);
  const shape = text
    .slice(0, LOOKED_AT)
    .replace(/\p{Nd}+/gu, '9')
    .replace(/\p{L}[\p{L}\p{M}]*/gu, 'a')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
  return clipped(shape, LONGEST_SHAPE);
}

/** A reason, where it was found, with `[*]` for positions, and what stood there looks like. */
export interface Cause {
  reason: Reason | 'fault';
  path: string;
  /** '' where the value is not what is wrong. */
  shape: string;
}

/** Of these the value at the path is what is wrong. */
const OF_VALUES: readonly Reason[] = [
  'missing_field',
  'wrong_type',
  'out_of_range',
  'bad_timestamp',
  'currency_mismatch',
  'not_an_object',
];

/** As the index keeps it: a reason and a path have no line break. */
export const causeText = ({ reason, path, shape }: Cause): string => [reason, path, shape].join('\n');

export function readCause(text: string): Cause {
  const [reason = '', path = '', shape = ''] = text.split('\n');
  return { reason: reason as Reason, path, shape };
}

/** Names a cause in addresses and on command lines: the same one in every partition and installation. */
export const causeId = (text: string): string => createHash('sha1').update(text).digest('hex').slice(0, 10);

/** What the issues of an order come from, each once. `order` is undefined when nobody could read one. */
export function causesOf(order: unknown, issues: readonly Pick<Issue, 'code' | 'path'>[]): string[] {
  if (issues.length === 0) return [causeText({ reason: 'fault', path: '', shape: '' })];
  return [...new Set(issues.map((issue) => causeTextOf(order, issue)))];
}

export function causeTextOf(order: unknown, { code, path }: Pick<Issue, 'code' | 'path'>): string {
  const shape = OF_VALUES.includes(code) ? shapeOf(valueAt(order, path)) : '';
  return causeText({ reason: code, path: generalPath(path), shape });
}

const generalPath = (path: string): string =>
  clipped(path.replace(/\[\d+\]/g, '[*]').replace(/\p{C}/gu, '\ufffd'), LONGEST_PATH);

function valueAt(order: unknown, path: string): unknown {
  let value = order;
  for (const name of path.match(/[^.[\]]+/g) ?? []) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A cut may halve a pair, and half of one is no text for Redis. */
const clipped = (text: string, most: number): string =>
  Buffer.from(text.length > most ? `${text.slice(0, most - 1)}…` : text).toString();
